import { Field, oneOf, textOf } from '#platform/input';
import { SETTABLE_STATUSES, type SettableStatus } from '../status-changes.js';

const MAX_REASON_LENGTH = 500;

export class SetStatusRequest {
  @Field(oneOf('status', SETTABLE_STATUSES), 'required', { enum: SETTABLE_STATUSES, example: 'suspended' })
  status!: SettableStatus;

  @Field(textOf('Reason', 0, MAX_REASON_LENGTH), 'optional', {
    type: String,
    maxLength: MAX_REASON_LENGTH,
    example: 'Left the company.',
  })
  reason?: string;
}
