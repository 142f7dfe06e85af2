import { UserResponse } from './user.response.js';

/** What every route that makes, changes or reads one user returns. */
export const ONE_USER = { model: UserResponse, under: 'user', etag: true } as const;
