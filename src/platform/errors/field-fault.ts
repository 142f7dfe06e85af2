/** What kinds of fault a field of a request can have, for machines. */
export const FAULT_RULES = [
  'required',
  'type',
  'format',
  'min_length',
  'max_length',
  'minimum',
  'maximum',
  'not_allowed',
  'unknown_field',
  'duplicate_key',
  'too_many',
  'malformed',
  'taken',
  'weak_password',
  'common_password',
] as const;

export type FaultRule = (typeof FAULT_RULES)[number];

/** The most faults that one answer lists. */
export const MAX_DETAILS = 20;

/** The rule that a value breaks, and the words for it. */
export interface Fault {
  readonly rule: FaultRule;
  readonly message: string;
}

/** A fault, and the field of the request that has it. */
export interface FieldFault extends Fault {
  readonly field: string;
}

export function fault(rule: FaultRule, message: string): Fault {
  return { rule, message };
}
