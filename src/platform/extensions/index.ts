export {
  type Claim,
  defineExtension,
  EXTENSION_API,
  type ExtensionDefinition,
  type ExtensionUser,
  type Health,
  isDefinition,
  type LoginRule,
  type PersonalData,
  type PasswordRule,
} from './define-extension.js';
export { attribute, type AttributeDefinition, type AttributeValue } from './attribute.js';
export { extensionFaults } from './extension-faults.js';
export {
  attributeIndex,
  attributeIndexSql,
  type AttributeChanges,
  type Attributes,
  EXTENSION_DEFINITIONS,
  UserAttributes,
} from './user-attributes.js';
export { Extensions } from './extensions.js';
export { ExtensionsModule } from './extensions.module.js';
