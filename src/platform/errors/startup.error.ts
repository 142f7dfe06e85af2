/** The start was stopped for a reason that the operator reads in one line, without a stack. */
export class StartupError extends Error {}
