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
  schemaReference,
} from './documentation.js';
export { errorResponse, type ErrorStatus } from './error.response.js';
