// The bare server's JSON schemas. Fastify validates bodies with them and compiles serializers from them.
const text = { type: 'string' };
const optionalText = { type: ['string', 'null'] };
const time = { type: 'string', format: 'date-time' };
const count = { type: 'integer' };
const flag = { type: 'boolean' };

const object = (properties) => ({ type: 'object', properties });
const body = (properties, ...required) => ({ ...object(properties), required, additionalProperties: false });
const envelope = (data) => object({ success: flag, data: object(data), message: text });

const user = object({
  id: text,
  username: text,
  email: text,
  firstName: optionalText,
  lastName: optionalText,
  phoneNumber: optionalText,
  dateOfBirth: optionalText,
  profilePictureUrl: optionalText,
  bio: optionalText,
  status: text,
  isActive: flag,
  emailVerified: flag,
  roles: { type: 'array', items: text },
  createdAt: time,
  updatedAt: time,
  lastLogin: { type: ['string', 'null'], format: 'date-time' },
});

const pagination = object({
  currentPage: count,
  perPage: count,
  totalPages: count,
  totalItems: count,
  hasNext: flag,
  hasPrevious: flag,
  nextCursor: optionalText,
  previousCursor: optionalText,
});

const tokens = {
  accessToken: text,
  refreshToken: text,
  tokenType: text,
  expiresIn: count,
  refreshExpiresIn: count,
  sessionId: text,
};
const email = { type: 'string', maxLength: 255, pattern: '^[^@\\s]{1,64}@[A-Za-z0-9.-]+$' };
const name = { type: 'string', minLength: 1, maxLength: 100 };
const newPassword = {
  type: 'string',
  minLength: 8,
  maxLength: 128,
  pattern: '^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])(?=.*[@$!%*?&])',
};

export const health = { response: { 200: object({ status: text }) } };
export const oneUser = { response: { 200: envelope({ user }) } };
export const listUsers = {
  querystring: object({
    limit: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
    search: { type: 'string', minLength: 2 },
  }),
  response: { 200: envelope({ users: { type: 'array', items: user }, pagination }) },
};
export const updateUser = { body: body({ bio: { type: 'string', maxLength: 500 } }, 'bio'), ...oneUser };
export const register = {
  body: body(
    {
      username: { type: 'string', pattern: '^[A-Za-z0-9]{3,50}$' },
      email,
      password: newPassword,
      firstName: name,
      lastName: name,
    },
    'username',
    'email',
    'password',
  ),
  response: { 201: envelope({ user }) },
};
export const login = {
  body: body({ email, password: { type: 'string', minLength: 1, maxLength: 1_024 } }, 'email', 'password'),
  response: { 200: envelope({ user, ...tokens }) },
};
export const refresh = {
  body: body({ refreshToken: text }, 'refreshToken'),
  response: { 200: envelope(tokens) },
};
