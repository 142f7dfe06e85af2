import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const SEPARATOR = '--- next block ---';
/** Stands in an answer for what the page leaves out. */
const LEFT_OUT = '…';

/** A block of commands in a page. */
export interface Step {
  readonly command: string;
  /** What the page says that the commands print. */
  readonly answer: string;
}

/** Reads the blocks of commands of a page in this language, each with the block of its answer that follows. */
export function readSteps(page: string, language: 'bash' | 'sh'): Step[] {
  const steps: { command: string; answer: string }[] = [];
  for (const [, indent = '', name, indented = ''] of page.matchAll(/^( *)```(\w+)\n(.*?)^\1```$/gms)) {
    const text = indented.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
    if (name === language) steps.push({ command: text, answer: '' });
    else if (name === 'json' || name === 'text') Object.assign(steps.at(-1) ?? {}, { answer: text });
  }
  return steps;
}

/**
 * Runs commands in one shell, which ends at the first that fails.
 *
 * @returns what each of them printed
 */
export async function printedBy(
  commands: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
): Promise<string[]> {
  const script = commands.join(`\necho '${SEPARATOR}'\n`);
  const { stdout } = await promisify(execFile)('bash', ['-eu', '-c', script], options);
  return stdout.split(`${SEPARATOR}\n`);
}

/** Replaces what differs between runs, and removes white space, which only helps the reader. */
export function comparable(text: string): string {
  return text
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replace(/\s+/g, '');
}

/** What was printed, comparable; an answer that leaves something out stands for every text that it fits. */
export function comparableWith(answer: string, printed: string): string {
  const wanted = comparable(answer);
  const found = comparable(printed);
  const pattern = wanted
    .split(LEFT_OUT)
    .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`))
    .join('.*');
  return new RegExp(`^${pattern}$`).test(found) ? wanted : found;
}
