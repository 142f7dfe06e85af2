import type { Type } from '@nestjs/common';
import { getMetadataStorage, validateSync } from 'class-validator';
import { readFileSync } from 'node:fs';
import { misspeltVariables } from '#config';
import type { ExtensionDefinition } from './define-extension.js';

type Variables = Readonly<Record<string, string | undefined>>;

/** The settings of an extension, or what is wrong with them. */
export interface ExtensionSettings {
  readonly type: Type;
  readonly value: object;
  readonly faults: readonly string[];
  /** One for each variable that begins like those of the extension and is none. */
  readonly warnings: readonly string[];
}

/** Reads an extension's settings from the environment: `retryLimit` of `billing` from `BILLING_RETRY_LIMIT`. */
export function readSettings(
  { name, config }: ExtensionDefinition,
  variables: Variables,
): ExtensionSettings | undefined {
  if (config === undefined) return undefined;
  const value: Record<string, unknown> = new config();
  const faults: string[] = [];
  const known: string[] = [];
  for (const property of propertiesOf(config, value)) {
    const variable = variableName(name, property);
    known.push(variable, `${variable}_FILE`);
    try {
      const text = variables[variable] || textOf(variables[`${variable}_FILE`]);
      if (text !== undefined) value[property] = convert(text, typeOf(config, value, property));
    } catch {
      faults.push(`Extension ${name}: the file of ${variable}_FILE cannot be read.`);
    }
  }
  for (const { property, constraints = {} } of validateSync(value, { forbidUnknownValues: false })) {
    const variable = variableName(name, property);
    // The rule that stands first in the class: a text that is no number is not too small.
    const message = Object.values(constraints).at(-1);
    if (message !== undefined) faults.push(`Extension ${name}: ${message.replaceAll(property, variable)}.`);
  }
  return { type: config, value, faults, warnings: misspelt(name, known, variables) };
}

function misspelt(extension: string, known: readonly string[], variables: Variables): string[] {
  const prefix = variableName(extension, '');
  return misspeltVariables(variables, known).filter((warning) => warning.startsWith(prefix));
}

/** Those with a rule or a default. */
function propertiesOf(config: Type, instance: object): Set<string> {
  const rules = getMetadataStorage().getTargetValidationMetadatas(config, '', false, false);
  return new Set([...Object.keys(instance), ...rules.map(({ propertyName }) => propertyName)]);
}

/** TypeScript notes the type of a property that has one; of others, the default tells it. */
function typeOf(config: Type, defaults: Readonly<Record<string, unknown>>, property: string): unknown {
  const fallback = defaults[property];
  const noted: unknown = Reflect.getMetadata('design:type', config.prototype, property);
  return typeof fallback === 'number' ? Number : typeof fallback === 'boolean' ? Boolean : noted;
}

function variableName(extension: string, property: string): string {
  const words = property.replace(/[A-Z]/g, (letter) => `_${letter}`);
  return `${extension}_${words}`.replaceAll('-', '_').toUpperCase();
}

function textOf(path: string | undefined): string | undefined {
  return path ? readFileSync(path, 'utf8').trimEnd() : undefined;
}

/** A text that is no number or boolean stays a text, which the property's rule refuses. */
function convert(text: string, type: unknown): unknown {
  if (type === Number && text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  if (type === Boolean && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}
