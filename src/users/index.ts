export { ApiUserAnswer, IfMatchHeader, userAnswer, UserIdParam } from './dto/user.answer.js';
export { emailRule, NewPassword, usernameRule } from './dto/user-fields.js';
export { toUserResponse, UserResponse } from './dto/user.response.js';
export { PasswordResets } from './password-resets.service.js';
export type { Login, User } from './user.js';
export { DuplicateUserError } from './users.errors.js';
export * from './users.events.js';
export { UsersModule } from './users.module.js';
export { UsersService } from './users.service.js';
