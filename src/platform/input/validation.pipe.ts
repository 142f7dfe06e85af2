import { ValidationPipe } from '@nestjs/common';
import type { ValidationError as ClassValidatorError } from 'class-validator';
import type { AppConfig } from '#config';
import { type FaultRule, type FieldFault, ValidationError } from '#platform/errors';
import { ATTRIBUTES_GROUP } from './extension-attributes.decorator.js';
import { FIELD_RULE, type Rule } from './field.decorator.js';
import { unknownField } from './field-rules.js';

/** The rules behind class-validator's own decorators, which an extension may use; any other is about the format. */
const CLASS_VALIDATOR_RULES: Readonly<Record<string, FaultRule>> = {
  isDefined: 'required',
  isNotEmpty: 'required',
  isArray: 'type',
  isBoolean: 'type',
  isInt: 'type',
  isNumber: 'type',
  isObject: 'type',
  isString: 'type',
  isEnum: 'not_allowed',
  isIn: 'not_allowed',
  isNotIn: 'not_allowed',
  arrayUnique: 'not_allowed',
  arrayMinSize: 'min_length',
  minLength: 'min_length',
  isLength: 'max_length',
  maxLength: 'max_length',
  min: 'minimum',
  minDate: 'minimum',
  max: 'maximum',
  maxDate: 'maximum',
  arrayMaxSize: 'too_many',
};

/** Turns bodies and queries into their DTO class; refuses unknown fields and every broken rule at once. */
export function createValidationPipe({ passwordRule }: AppConfig, withAttributes: boolean): ValidationPipe {
  return new ValidationPipe({
    // Applies the rules of the configured password policy and of extensions' attributes; `always` adds those that belong to no group.
    groups: [passwordRule, ...(withAttributes ? [ATTRIBUTES_GROUP] : [])],
    always: true,
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    // Rules look at the whole object; the answer has neither.
    validationError: { target: true, value: true },
    exceptionFactory: (errors) => new ValidationError(errors.flatMap((error) => toFaults(error))),
  });
}

function toFaults(error: ClassValidatorError): FieldFault[] {
  const { property: field, value, target, contexts, constraints = {} } = error;
  return Object.entries(constraints).map(([name, message]) => {
    if (name === 'whitelistValidation') return unknownField(field);
    const { check }: { check?: Rule } = name === FIELD_RULE ? { ...contexts?.[name] } : {};
    const rule = check?.(value, target ?? {})?.rule ?? CLASS_VALIDATOR_RULES[name] ?? 'format';
    return { field, rule, message };
  });
}
