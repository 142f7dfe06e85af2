export { type AnswerDocs, ApiAnswer, ETAG_HEADER, LOCATION_HEADER } from './api-docs.js';
export { ApiErrors, errorHeaders } from './api-errors.js';
export { describeApi, serveExplorer } from './document.js';
export {
  type ApiPropertyOptions,
  ApiBearerAuth,
  ApiExtension,
  ApiHeader,
  ApiOperation,
  ApiParam,
  ApiProperty,
  ApiPropertyOptional,
  ApiResponse,
  ApiSecurity,
  ApiTags,
} from './documentation.js';
