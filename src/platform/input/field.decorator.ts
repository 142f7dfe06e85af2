import { applyDecorators } from '@nestjs/common';
import type { PasswordRule } from '#config';
import { type Fault, fault } from '#platform/errors';
import { ApiProperty, ApiPropertyOptional, type ApiPropertyOptions } from '#platform/openapi';
import { Transform } from 'class-transformer';
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

export interface FieldOptions {
  /** What is made of a text before it is checked; `toNfc` by default. */
  readonly read?: (text: string) => string | undefined;
  /** The password policy under which the rule applies; left out for rules that always apply. */
  readonly only?: PasswordRule;
}

/** Declares a field of a request: the rule that is enforced, and its part of the API description. */
export function Field(
  rule: Rule,
  presence: Presence,
  documentation: ApiPropertyOptions = {},
  { read = toNfc, only }: FieldOptions = {},
): PropertyDecorator {
  const isList = Array.isArray(documentation.type) || documentation.type === 'array' || documentation.isArray === true;
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
  const reading = Transform(({ value }: { value: unknown }) => readTexts(value, read));
  switch (presence) {
    case 'required':
      return applyDecorators(reading, validation, ApiProperty(documentation));
    case 'optional':
      return applyDecorators(
        reading,
        validation,
        ValidateIf((_dto: object, value: unknown) => value !== undefined),
        ApiPropertyOptional(documentation),
      );
    case 'nullable':
      return applyDecorators(
        reading,
        validation,
        IsOptional(),
        ApiPropertyOptional({ ...documentation, nullable: true }),
      );
  }
}

/** Declares a filter of a list. An empty one counts as absent, as forms send the fields that were left empty. */
export function Filter(
  rule: Rule,
  documentation: ApiPropertyOptions,
  read: (text: string) => string = toNfc,
): PropertyDecorator {
  return Field(rule, 'optional', documentation, { read: (text) => read(text) || undefined });
}

/** More UTF-16 units than any field's longest text has in any form: 500 code points, which decompose to 4 units each. */
const MAX_NORMALIZED_UNITS = 2_048;

/**
 * Composed characters (Unicode NFC), so that one text is stored in one way. A longer text than any field takes stays as it
 * is: the time that combining marks take grows with the square of their number.
 */
export function toNfc(text: string): string {
  return text.length > MAX_NORMALIZED_UNITS ? text : text.normalize('NFC');
}

/** For what people paste or a keyboard completes with a blank: emails, tokens. They are ASCII, and no other text is taken for one. */
export function trimmed(text: string): string {
  return text.trim();
}

/** For texts whose own rule decides about their form. */
export function asSent(text: string): string {
  return text;
}

function readTexts(value: unknown, read: (text: string) => string | undefined): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => readTexts(item, read));
  return typeof value === 'string' ? read(value) : value;
}

/** Length in code points. `length` would count most emoji twice. */
export function codePoints(text: string): number {
  return [...text].length;
}
