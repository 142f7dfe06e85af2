import { isEmail, isURL } from 'class-validator';

/** What stands for the token in the address of a page. */
export const TOKEN_PLACEHOLDER = '{token}';

/** A name and an address, or an address alone. */
const SENDER = /^(?:([^<>]{0,200})<([^<>\s]{1,255})>|([^<>\s]{1,255}))$/;
const CONTROL_CHARACTERS = /\p{Cc}/u;

export interface Sender {
  /** What a mail program shows in place of the address; may be empty. */
  readonly name: string;
  readonly address: string;
}

export function isSender(value: string): boolean {
  const { address } = readSender(value);
  return !CONTROL_CHARACTERS.test(value) && isEmail(address, { require_tld: false });
}

/** A character of the password that was not escaped leaves no host, or a path. */
export function isMailUrl(value: string): boolean {
  if (!/^smtps?:\/\/[^/]/.test(value) || !URL.canParse(value)) return false;
  const { hostname, port, pathname, hash, search, username, password } = new URL(value);
  try {
    decodeURIComponent(username + password);
  } catch {
    return false;
  }
  return hostname !== '' && port !== '0' && hash === '' && search === '' && ['', '/'].includes(pathname);
}

/** The token must not become part of a host: names are looked up, and so told to others. */
export function isOwnPage(value: string): boolean {
  const url = value.replaceAll(TOKEN_PLACEHOLDER, 'token');
  const isUrl = isURL(url, { protocols: ['http', 'https'], require_protocol: true, require_tld: false });
  return url !== value && isUrl && new URL(url).origin === new URL(value.replaceAll(TOKEN_PLACEHOLDER, 'other')).origin;
}

export function readSender(value: string): Sender {
  const [, name = '', inBrackets, bare] = SENDER.exec(value.trim()) ?? [];
  return { name: name.trim().replace(/^"(.*)"$/, '$1'), address: inBrackets ?? bare ?? '' };
}
