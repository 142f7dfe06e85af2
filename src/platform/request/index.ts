export {
  answerNotModified,
  assertMatches,
  type Entity,
  entityTag,
  type IfMatchCondition,
  parseIfMatch,
  parseIfNoneMatch,
} from './etag.js';
export { endHook } from './end-hook.js';
export { CurrentUser, Id, IfMatch, namesSelf, pathParameter, UserId } from './parameters.js';
export { preferredLanguage } from './preferred-language.js';
export { type Principal } from './principal.js';
export { requestContext, RequestContext, runInRequestContext } from './request-context.js';
export {
  addRouteConfig,
  applyBodyLimit,
  BodyLimit,
  COUNTED_BY_BODY,
  CountedByBody,
  MAX_AUTH_BODY_BYTES,
  MAX_BODY_BYTES,
  TARGET,
  Target,
  type TargetParameter,
  Uncounted,
  UNCOUNTED,
} from './route-config.js';
export { isUuid } from './uuid.js';
export { ClientGoneError, WaitingLine } from './waiting-line.js';
