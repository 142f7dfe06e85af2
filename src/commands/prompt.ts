import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { StartupError } from '#platform/errors';

/** Asks at the terminal, on standard error, so that standard output holds the command's result alone. */
export async function ask(question: string): Promise<string> {
  if (!process.stdin.isTTY)
    throw new StartupError(`${question}? There is no terminal to ask at; pass it as an argument.`);
  return (await readAnswer(question, process.stderr)).trim();
}

/**
 * A new password: typed twice and never shown, or the first line of standard input. Never an argument, because
 * arguments show in the shell's history and in the list of processes.
 */
export async function askNewPassword(): Promise<string> {
  if (!process.stdin.isTTY) return firstLine();
  const password = await readAnswer('Password', silence());
  if (password !== (await readAnswer('Repeat the password', silence()))) {
    throw new StartupError('The two passwords differ.');
  }
  return password;
}

/** @param echo where the terminal shows what is typed */
async function readAnswer(question: string, echo: NodeJS.WritableStream): Promise<string> {
  process.stderr.write(`${question}: `);
  const terminal = createInterface({ input: process.stdin, output: echo, terminal: true, historySize: 0 });
  try {
    const answers = new Promise<string>((resolve, reject) => {
      terminal.once('line', resolve);
      // Control-C, and Control-D.
      terminal.once('SIGINT', () => reject(new StartupError('Cancelled.')));
      terminal.once('close', () => reject(new StartupError('Cancelled.')));
    });
    return await answers;
  } finally {
    terminal.close();
    if (echo !== process.stderr) process.stderr.write('\n');
  }
}

async function firstLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin });
  const line = await Promise.race([
    once(lines, 'line').then(([text]) => String(text)),
    once(lines, 'close').then(() => ''),
  ]);
  lines.close();
  return line;
}

/** Swallows what the terminal would echo. */
function silence(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
