// npm run drill -- <name> [Jest options]: runs long suites with their full number of repetitions. Without a name, it lists
// the drills.
import { spawnSync } from 'node:child_process';
import process from 'node:process';

const DRILLS = {
  sessions: {
    about: 'parallel refreshes, revocation on two instances, database outages',
    settings: { REFRESH_ROUNDS: '1000', REVOCATION_TRIALS: '100', OUTAGE_ROUNDS: '200' },
    suites: ['refresh-races', 'revocation', 'database-outage'],
  },
  access: {
    about: 'a random walk through the administration, admins who demote each other',
    settings: { WALK_STEPS: '10000', RACE_ROUNDS: '100' },
    suites: ['administration-walk', 'access.races'],
  },
  hostile: {
    about: '100,000 malformed requests on each pair of stores, 1,000 sockets that send a byte at a time',
    settings: { FUZZ_REQUESTS: '100000', SLOW_SOCKETS: '1000', SLOW_LOGINS: '1000' },
    suites: ['malformed-requests', 'slow-sockets', 'slow-logins'],
  },
  limits: {
    about: '1,000 guesses in each case, on one instance and on several',
    settings: { GUESSES: '1000' },
    suites: ['reliability/guessing', 'guess-limits', 'shared-limits'],
  },
  writes: {
    about: '100 kills during requests with an Idempotency-Key',
    settings: { IDEMPOTENCY_KILLS: '100' },
    suites: ['idempotency-kill'],
  },
  outbox: {
    about: '500 registrations and 50 kills on two instances with an extension, a job every second for a minute',
    settings: { OUTBOX_KILLS: '50', JOB_SECONDS: '60' },
    suites: ['outbox-kill'],
  },
  mail: {
    about: '500 requests and 50 kills on two instances, with a mail server that comes and goes',
    settings: { MAIL_KILLS: '50' },
    suites: ['mail-kill'],
  },
  forgotten: {
    about:
      'whether the time of a forgotten password, or of the next request, tells which accounts exist; needs an idle machine',
    settings: { TIMING_PAIRS: '500' },
    suites: ['--runInBand', 'forgot-timing'],
  },
  totals: {
    about: '10,000 random changes of users by 16 writers, 50 kills among them',
    settings: { TOTALS_CHANGES: '10000', TOTALS_KILLS: '50' },
    suites: ['user-totals'],
  },
  guessing: {
    about: 'whether the time of a wrong password tells which accounts exist; needs an idle machine',
    settings: { TIMING_PAIRS: '500' },
    suites: ['--runInBand', 'login-timing', 'login-flood'],
  },
  audit: {
    about: '50 kills under load, 1,000 tamperings',
    settings: { AUDIT_KILLS: '50', TAMPERINGS: '1000' },
    suites: ['audit-kill', 'audit-tampering'],
  },
};

const [name = '', ...options] = process.argv.slice(2);
const drill = Object.hasOwn(DRILLS, name) ? DRILLS[name] : undefined;
if (drill === undefined) {
  const lines = Object.entries(DRILLS).map(([key, { about }]) => `  ${key.padEnd(10)}${about}`);
  process.stdout.write(`Usage: npm run drill -- <name>\n\n${lines.join('\n')}\n`);
  process.exitCode = name === '' ? 0 : 1;
} else {
  const { status } = spawnSync('npm', ['test', '--', ...drill.suites, ...options], {
    env: { ...process.env, ...drill.settings },
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}
