import { ApiHeader, HEADER_SCHEMA } from '#platform/openapi';

/** Describes the header that chooses the language of the mail that a route sends. */
export function MailLanguage(): MethodDecorator {
  return ApiHeader({
    name: 'Accept-Language',
    required: false,
    description: 'The languages that the reader of the mail prefers; English where none of them has templates.',
    schema: HEADER_SCHEMA,
  });
}
