#!/usr/bin/env node
import { UsageError } from './usage.error.js';

type Run = (args: string[]) => Promise<string>;
type Command = readonly [usage: string, about: string, load: () => Promise<{ run: Run }>];

const COMMANDS: readonly Command[] = [
  ['migrate', 'Applies the pending migrations.', () => import('./migrate.js')],
  [
    'migrate:new [extension] <name>',
    'Writes the SQL from the migrations to the schema.',
    () => import('./migrate-new.js'),
  ],
  ['extension:new <name>', 'Writes an extension that passes its own tests.', () => import('./extension-new.js')],
  [
    'extension:remove <name> [--yes]',
    'Says what of an extension would be dropped, its tables included; with --yes, drops it.',
    () => import('./extension-remove.js'),
  ],
  ['admin:create [--email <email>] [--username <username>]', 'Creates an admin.', () => import('./admin-create.js')],
  [
    'admin:reset-password [--email <email> | --username <username>]',
    'Sets the password of a user and ends their sessions.',
    () => import('./admin-reset-password.js'),
  ],
  [
    'audit:verify [--export <file>] [--checkpoints <file>] [--key <file>]',
    'Verifies the audit log, or an export of it, against its hash chain and signed checkpoints kept elsewhere.',
    () => import('./audit-verify.js'),
  ],
  ['audit:sweep', 'Drops audit entries older than AUDIT_RETENTION.', () => import('./audit-sweep.js')],
  [
    'keys:generate [--rsa] [folder]',
    'Makes a key pair to sign access tokens with.',
    () => import('./keys-generate.js'),
  ],
  [
    'totals',
    'Counts the users again, in case SQL bypassed the triggers that keep their totals.',
    () => import('./totals.js'),
  ],
  [
    'search:rebuild',
    'Rewrites outdated search texts, for example after an upgrade to a Node.js with a newer Unicode.',
    () => import('./search-rebuild.js'),
  ],
  [
    'outbox [--retry <id>|all] [--discard <id>|all]',
    'Lists the messages that wait for delivery or were given up, and retries or discards them.',
    () => import('./outbox.js'),
  ],
  ['mail:open', 'Prints the newest mail that development wrote to a file.', () => import('./mail-open.js')],
  ['health', 'Checks that the server of this configuration answers.', () => import('./health.js')],
];

const HELP = `Usage: npm run uma -- <command> [options]

${COMMANDS.map(([usage, about]) => `  ${usage}\n      ${about}`).join('\n')}

The settings come from the environment and from .env. Commands that need a password ask for it, or read it from a pipe.`;

/** Runs the command that is typed behind `npm run uma --`. */
async function run([name, ...args]: string[]): Promise<string> {
  if (name === '--help') return HELP;
  const command = COMMANDS.find(([usage]) => usage.split(' ', 1)[0] === name);
  if (command === undefined) throw new UsageError(HELP);
  const [usage, about, load] = command;
  const line = `Usage: npm run uma -- ${usage}`;
  if (args.includes('--help')) return `${line}\n${about}`;
  const { run: runCommand } = await load();
  try {
    return await runCommand(args);
  } catch (error) {
    // Without the argument itself: it may be a password.
    throw isUsageFault(error) ? new UsageError(line) : error;
  }
}

function isUsageFault(error: unknown): boolean {
  if (error instanceof UsageError) return true;
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_');
}

try {
  process.stdout.write(`${await run(process.argv.slice(2))}\n`);
  process.exit(0);
} catch (error) {
  const { explain } = await import('./explain.js');
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
}
