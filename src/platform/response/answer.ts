import { SetMetadata } from '@nestjs/common';

/** What a handler returns when its answer carries more than data. */
export class Answer<T> {
  constructor(
    readonly data: T,
    readonly headers: {
      /** The version that the `ETag` is made of. */
      readonly version?: number;
      /** Below the API's base path, such as `/users/me`. */
      readonly location?: string;
      readonly cacheControl?: string;
      readonly others?: Readonly<Record<string, string>>;
    } = {},
  ) {}
}

export const MESSAGE = Symbol('message');
export const WITHOUT_ENVELOPE = Symbol('without-envelope');

/** The `message` of a success. */
export const Message = (message: string) => SetMetadata(MESSAGE, message);

/** The handler's answer goes out as it is. */
export const WithoutEnvelope = () => SetMetadata(WITHOUT_ENVELOPE, true);
