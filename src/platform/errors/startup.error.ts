/** Stops the start. The operator sees its message as one line, without a stack. */
export class StartupError extends Error {}
