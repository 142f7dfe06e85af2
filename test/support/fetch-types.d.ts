/** `@types/node` lacks this name, which the generated part of the client uses. */
type BodyInit = NonNullable<RequestInit['body']>;
