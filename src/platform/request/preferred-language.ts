import Negotiator from 'negotiator';

/**
 * The language that suits a client best (RFC 9110, section 12.5.4); the first one where none does.
 *
 * @param accepted the request's `Accept-Language`
 */
export function preferredLanguage<L extends string>(accepted: string | undefined, languages: readonly [L, ...L[]]): L {
  const headers = accepted === undefined ? {} : { 'accept-language': accepted };
  const preferred = new Negotiator({ headers }).language([...languages]);
  return languages.find((language) => language === preferred) ?? languages[0];
}
