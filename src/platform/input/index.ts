export {
  anyString,
  anyText,
  oneOf,
  isDay,
  textOf,
  TIME_SCHEMA,
  timeWithZone,
  toTime,
  uniqueTexts,
} from './field-rules.js';
export { asSent, codePoints, Field, Filter, type Presence, type Rule, toNfc, trimmed } from './field.decorator.js';
export { ExtensionAttributes } from './extension-attributes.decorator.js';
export { StrictInput } from './strict-input.js';
export { parseBody } from './strict-json.js';
export { parseQuery } from './strict-query.js';
export { createValidationPipe } from './validation.pipe.js';
