export type { Declarations } from './declarations.js';
export { describeApi, serveExplorer } from './document.js';
export {
  type ApiParamOptions,
  type ApiPropertyOptions,
  ApiBearerAuth,
  ApiBody,
  ApiExtension,
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiParam,
  ApiProperty,
  ApiPropertyOptional,
  ApiResponse,
  ApiSecurity,
  ApiTags,
  ETAGS_SCHEMA,
  HEADER_SCHEMA,
  openEnum,
  REFRESH_COOKIE_SCHEME,
  schemaReference,
} from './documentation.js';
export { errorResponse, type ErrorStatus } from './error.response.js';
