import { UserResponse } from './user.response.js';

/** What every route that makes, changes or reads one user returns. */
export const ONE_USER = { model: UserResponse, under: 'user', etag: true } as const;

/** Values of a new account, for examples. */
export const NEW_USER = { bio: null, profilePictureUrl: null, emailVerified: false, lastLogin: null } as const;
