import { AUDIT_ACTION_NAME } from '#platform/events';
import { openEnum } from '#platform/openapi';
import { AUDIT_ACTIONS } from '../audit-actions.js';

const MAX_LENGTH = 255;

/** How the API description shows an action. */
export const AUDIT_ACTION = openEnum(AUDIT_ACTIONS, { pattern: AUDIT_ACTION_NAME.source, maxLength: MAX_LENGTH });
