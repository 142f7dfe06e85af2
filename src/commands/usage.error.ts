import { StartupError } from '#platform/errors';

/** The arguments are not those of the command; the command's usage is the answer. */
export class UsageError extends StartupError {}
