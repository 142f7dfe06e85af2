import { applyDecorators } from '@nestjs/common';
import { IsObject, ValidateIf } from 'class-validator';

/** The group of rules that apply where an extension declares attributes. */
export const ATTRIBUTES_GROUP = 'attributes';

/**
 * A field that takes the attributes of extensions, by their names; unknown where there are none. `UserAttributes` checks
 * what is in it, and the API description lists what there is.
 */
export function ExtensionAttributes(): PropertyDecorator {
  const groups = { groups: [ATTRIBUTES_GROUP] };
  return applyDecorators(
    ValidateIf((_dto: object, value: unknown) => value !== undefined, groups),
    IsObject({ ...groups, message: 'attributes must be an object' }),
  );
}
