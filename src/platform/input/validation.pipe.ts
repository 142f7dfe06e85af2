import { ValidationPipe } from '@nestjs/common';
import type { ValidationError as ClassValidatorError } from 'class-validator';
import type { AppConfig } from '#config';
import { type FieldFault, ValidationError } from '#platform/errors';
import { unknownField } from './field-rules.js';

/** Turns bodies and queries into their DTO class; refuses unknown fields and every broken rule at once. */
export function createValidationPipe({ passwordRule }: AppConfig): ValidationPipe {
  return new ValidationPipe({
    // Applies the rules of the configured password policy; `always` adds those that belong to no group.
    groups: [passwordRule],
    always: true,
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    exceptionFactory: (errors) => new ValidationError(errors.flatMap((error) => toFaults(error))),
  });
}

function toFaults(error: ClassValidatorError): FieldFault[] {
  return Object.entries(error.constraints ?? {}).map(([rule, message]) =>
    rule === 'whitelistValidation' ? unknownField(error.property) : { field: error.property, message },
  );
}
