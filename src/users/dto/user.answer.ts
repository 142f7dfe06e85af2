import { Answer } from '#platform/response';
import { type AnswerDocs, ApiAnswer, ApiHeader, ApiParam, ETAG_HEADER } from '#platform/openapi';
import type { User } from '../user.js';
import { toUserResponse, UserResponse } from './user.response.js';

/** The answer of every route that makes, changes or reads one user. */
export function userAnswer(user: User): Answer<{ user: UserResponse }> {
  return new Answer({ user: toUserResponse(user) }, { version: user.version });
}

/** Documents it. */
export const ApiUserAnswer = ({ headers, ...answer }: AnswerDocs) =>
  ApiAnswer({ under: 'user', model: UserResponse, headers: { ...headers, ...ETAG_HEADER }, ...answer });

export const UserIdParam = () =>
  ApiParam({ name: 'id', description: "A user's UUID, or `me`.", schema: { type: 'string' } });

export const IfMatchHeader = () =>
  ApiHeader({ name: 'If-Match', required: false, description: 'Only if the user still has this ETag.' });
