import { applyDecorators } from '@nestjs/common';
import type { PasswordRule } from '#config';
import { type Fault, fault } from '#platform/errors';
import { ApiProperty, ApiPropertyOptional, type ApiPropertyOptions } from '#platform/openapi';
import { IsOptional, ValidateBy, ValidateIf, type ValidationArguments } from 'class-validator';

/** Returns what is wrong with a value, or `undefined`. `dto` is the whole body or query. */
export type Rule = (value: unknown, dto: object) => Fault | undefined;

/** The name under which class-validator reports a broken rule, with `check` in its context. */
export const FIELD_RULE = 'fieldRule';

export type Presence =
  | 'required'
  | 'optional'
  /** Optional, and `null` clears it. */
  | 'nullable';

/**
 * Declares a field of a request: the rule that is enforced, and its part of the API description.
 *
 * @param only the password policy under which the rule applies; left out for rules that always apply
 */
export function Field(
  rule: Rule,
  presence: Presence,
  documentation: ApiPropertyOptions = {},
  only?: PasswordRule,
): PropertyDecorator {
  const isList = Array.isArray(documentation.type) || documentation.isArray === true;
  if (isList && documentation.maxItems === undefined) throw new Error('A field that takes a list must say maxItems');
  const check: Rule = (value, dto) => {
    const found = rule(value, dto);
    return found !== undefined && value === undefined ? fault('required', found.message) : found;
  };
  const validation = ValidateBy(
    {
      name: FIELD_RULE,
      validator: {
        validate: (value: unknown, args?: ValidationArguments) => check(value, args?.object ?? {}) === undefined,
        defaultMessage: (args?: ValidationArguments) => check(args?.value, args?.object ?? {})?.message ?? '',
      },
    },
    // class-validator reports the message alone; the pipe asks for the rule.
    { context: { check }, ...(only === undefined ? {} : { groups: [only] }) },
  );
  switch (presence) {
    case 'required':
      return applyDecorators(validation, ApiProperty(documentation));
    case 'optional':
      return applyDecorators(
        validation,
        ValidateIf((_dto: object, value: unknown) => value !== undefined),
        ApiPropertyOptional(documentation),
      );
    case 'nullable':
      return applyDecorators(validation, IsOptional(), ApiPropertyOptional({ ...documentation, nullable: true }));
  }
}

/** Length in code points. `length` would count most emoji twice. */
export function codePoints(text: string): number {
  return [...text].length;
}
