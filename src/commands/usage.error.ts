import { StartupError } from '#platform/errors';

/** A command was called with wrong arguments. The program prints how the command is used. */
export class UsageError extends StartupError {}
