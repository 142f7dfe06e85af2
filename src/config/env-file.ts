import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError } from './config.error.js';
import { errorCode } from './error-code.js';

const UTF8 = new TextDecoder('utf-8', { fatal: true });
/** A value without quotes in which a # follows other than a blank: what is behind the # would be lost. */
const CUT_VALUE = /^\s*(?:export\s+)?(\w+)\s*=\s*[^"'`\s#](?:[^#\n]*[^\s#])?#/;

/**
 * Reads a file of variables, which may begin with a byte order mark.
 *
 * @returns `undefined` where there is no such file
 * @throws ConfigError for one that cannot be read as it is meant
 */
export function readEnvFile(path: string): NodeJS.Dict<string> | undefined {
  const bytes = readIfThere(path);
  if (bytes === undefined) return undefined;
  const text = decode(path, bytes);
  const cut = text.split('\n').flatMap((line, index) => {
    const name = CUT_VALUE.exec(line)?.[1];
    return name === undefined
      ? []
      : [`${path}, line ${index + 1}: put the value of ${name} in quotes, because it has a #`];
  });
  if (cut.length > 0) throw new ConfigError(cut);
  return parseEnv(text);
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new ConfigError([`${path} cannot be read (${errorCode(error)})`]);
  }
}

/** Without the byte order mark, which TextDecoder skips. UTF-16 is either no UTF-8, or full of NULs. */
function decode(path: string, bytes: Buffer): string {
  let text: string | undefined;
  try {
    text = UTF8.decode(bytes);
  } catch {
    text = undefined;
  }
  if (text === undefined || text.includes('\0')) {
    throw new ConfigError([`${path} must be in UTF-8, and is in UTF-16 or another encoding: save it as UTF-8`]);
  }
  return text;
}
