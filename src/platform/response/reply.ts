import type { Entity } from '#platform/request';

/** What a handler returns when its response carries more than data. */
export class Reply<T> {
  constructor(
    readonly data: T,
    readonly options: {
      /** Instead of the status that the route returns otherwise. */
      readonly status?: number;
      /** What the `ETag` is made of. */
      readonly entity?: Entity;
      /** Below the API's base path, such as `/users/me`. */
      readonly location?: string;
      readonly headers?: Readonly<Record<string, string | string[]>>;
    } = {},
  ) {}
}
