import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { FAST_HASHES, NO_LIMITS } from './app.js';
import { ApiClient } from './client.js';
import { newFolder } from './stores.js';
import { waitUntil } from './wait.js';

const START_TIMEOUT_MS = 30_000;

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What an operator types after the command's name, and what they pipe into it. */
export interface Typed {
  readonly args?: readonly string[];
  readonly input?: string;
  /** The file `.env` in the working folder. */
  readonly envFile?: string | Uint8Array;
  /** Whether the program is started so that `measure()` works. */
  readonly measured?: boolean;
}

/** The memory and sockets that a program holds, as `measure-process.mjs` reports them. */
export interface Holdings {
  /** The bytes of the heap in use after a garbage collection. */
  readonly heapUsed: number;
  /** The number of open sockets, incoming and outgoing. */
  readonly sockets: number;
}

/** One of the built programs, as an operator runs it. */
export class Program {
  stdout = '';
  stderr = '';
  /** How it ended, once it has. */
  readonly outcome: Promise<Outcome>;
  private readonly child: ChildProcess;

  /** @param script below `dist/`, or a whole path */
  constructor(
    script: string,
    env: Readonly<Record<string, string>>,
    cwd: string,
    { args = [], input, measured = false }: Typed = {},
  ) {
    const options = measured ? ['--expose-gc', '--import', resolve('test/support/measure-process.mjs')] : [];
    // Commands live for a second: optimizing the embedded database would take a third of their processor time.
    if (script.startsWith('commands/')) options.push('--liftoff-only');
    // Without this process's environment, so that the test gives the program's whole configuration.
    const child = spawn(process.execPath, [...options, resolve('dist', script), ...args], {
      cwd,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['pipe', 'pipe', 'pipe', ...(measured ? (['ipc'] as const) : [])],
    });
    // A program that reads no input may end before the input is written.
    child.stdin?.on('error', () => undefined).end(input);
    this.child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.outcome = once(child, 'close').then(([code, signal]) => {
      running.delete(this);
      return { code, signal, stdout: this.stdout, stderr: this.stderr };
    });
    running.add(this);
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Reports the memory and sockets that the program holds now. The program must have been started with `measured`. */
  async measure(): Promise<Holdings> {
    const answer = once(this.child, 'message');
    this.child.send('measure');
    const [holdings] = await answer;
    return holdings;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Outcome> {
    this.child.kill(signal);
    return this.outcome;
  }
}

export interface SpawnedApp {
  readonly program: Program;
  readonly api: ApiClient;
  /** The lines of JSON that it has logged so far. */
  logged(): Record<string, unknown>[];
  stop(signal?: NodeJS.Signals): Promise<Outcome>;
}

const running = new Set<Program>();

/** Runs a program to its end. */
export async function runProgram(
  script: string,
  env: Readonly<Record<string, string>>,
  typed: Typed = {},
): Promise<Outcome> {
  return new Program(script, env, await newWorkingFolder(typed), typed).outcome;
}

/** Runs one of the operator's commands to its end. */
export function runCommand(
  command: string,
  env: Readonly<Record<string, string>>,
  { args = [], ...typed }: Typed = {},
): Promise<Outcome> {
  return runProgram('commands/uma.js', env, { ...typed, args: [command, ...args] });
}

/**
 * Starts the built application and waits until it answers.
 *
 * @param script below `dist/`, or a whole path
 */
export async function spawnApp(
  env: Readonly<Record<string, string>>,
  script = 'main.js',
  typed: Typed = {},
): Promise<SpawnedApp> {
  const port = await freePort();
  // The project's own suites run without the extensions that may lie in it.
  const settings = {
    ...FAST_HASHES,
    ...NO_LIMITS,
    ...(script.includes('/') ? {} : { EXTENSIONS: 'none' }),
    HOST: '127.0.0.1',
    PORT: String(port),
    ...env,
  };
  const program = new Program(script, settings, await newWorkingFolder(typed), typed);
  const api = new ApiClient(`http://127.0.0.1:${port}`);
  await waitUntil(
    'the application answers',
    async () => {
      if (!program.running) throw new Error(`The application did not start:\n${(await program.outcome).stderr}`);
      return api.get('/health/live').then(
        ({ status }) => status === 200,
        () => false,
      );
    },
    START_TIMEOUT_MS,
  );
  return {
    program,
    api,
    logged: () =>
      program.stdout
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    stop: (signal) => program.stop(signal),
  };
}

/** Kills all programs; call it after each test, so that none outlives a failed test. */
export async function killPrograms(): Promise<void> {
  await Promise.all([...running].map((program) => program.stop('SIGKILL')));
}

/** Creates a working folder for a program, with no `.env` but a given one. */
export async function newWorkingFolder({ envFile }: Typed): Promise<string> {
  const folder = join(newFolder(), 'cwd');
  await mkdir(folder, { recursive: true });
  if (envFile !== undefined) await writeFile(join(folder, '.env'), envFile);
  return folder;
}

/** A port that no program listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
