import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError } from './config.error.js';
import { errorCode } from './error-code.js';
import { items } from './environment.js';

const PEM_BEGIN = '-----BEGIN ';
export const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----(?:(?!-----)[\s\S])*-----END \1-----/g;

/** What a variable holds: PEM itself, or the paths of files, separated by commas. */
export function pemEntries(given: string): string[] {
  return given.includes(PEM_BEGIN) ? [given] : items(given);
}

/**
 * Reads PEM, which may be on one line with `\n` between its lines, or the file that holds it.
 *
 * @throws ConfigError
 */
export function readPem(name: string, given: string): string {
  if (given.includes(PEM_BEGIN)) return given.replaceAll('\\n', '\n');
  try {
    return readFileSync(given.trim(), 'utf8');
  } catch (error) {
    throw new ConfigError([`${name} must be PEM, or the path of a file that can be read (${errorCode(error)})`]);
  }
}

export function keyOrUndefined(read: () => KeyObject): KeyObject | undefined {
  try {
    return read();
  } catch {
    // OpenSSL's message does not say which setting is wrong.
    return undefined;
  }
}
