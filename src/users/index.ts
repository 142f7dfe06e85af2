export { toUserResponse, UserResponse } from './dto/user.response.js';
export type { Login, User } from './user.js';
export { profileKey } from './user-profiles.js';
export { DuplicateUserError } from './users.errors.js';
export * from './users.events.js';
export { UsersModule } from './users.module.js';
export { UsersService } from './users.service.js';
