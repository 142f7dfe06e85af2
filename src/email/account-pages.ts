import { readFileSync } from 'node:fs';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import type { AppConfig } from '#config';
import { NotFoundError } from '#platform/errors';
import { PAGE_NAMES, PAGE_TEXTS, type PageName } from './pages/texts.js';

/** Where the pages behind the links of mails are. */
export const ACCOUNT_PATH = '/account';

/** The explorer's policy, without its inline styles. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "img-src 'self' data:",
  "object-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
].join(';');

const LANGUAGES = Object.keys(PAGE_TEXTS) as (keyof typeof PAGE_TEXTS)[];

/** Serves a page for each link in a mail. A page is the same for every token, which its script reads from the fragment. */
export function serveAccountPages(fastify: FastifyInstance, config: AppConfig): void {
  for (const name of PAGE_NAMES) {
    const pages = new Map(LANGUAGES.map((language) => [language, render(name, language, config)]));
    fastify.get(`${ACCOUNT_PATH}/${name}`, async (request, reply) => {
      const language = languageOf(request);
      void reply.header('content-language', language);
      // The CORS hook varies by more.
      void reply.header('vary', [reply.getHeader('vary') ?? [], 'Accept-Language'].flat().join(', '));
      return send(reply, 'text/html; charset=utf-8', pages.get(language) ?? '');
    });
  }
  for (const [file, type] of [
    ['account.css', 'text/css; charset=utf-8'],
    ['account.js', 'text/javascript; charset=utf-8'],
  ] as const) {
    const content = read(file);
    fastify.get(`${ACCOUNT_PATH}/${file}`, async (_request, reply) => send(reply, type, content));
  }
}

/** Where no mail is sent, the path of invitations is unknown like any other: it must not be taken for the id of a user. */
export function hideInvitations(fastify: FastifyInstance, { basePath }: AppConfig): void {
  fastify.all(`${basePath}/users/invitations`, async () => {
    throw new NotFoundError('Route not found');
  });
}

function send(reply: FastifyReply, type: string, content: string): FastifyReply {
  return reply
    .header('content-type', type)
    .header('content-security-policy', CONTENT_SECURITY_POLICY)
    .header('referrer-policy', 'no-referrer')
    .header('cache-control', 'no-cache')
    .send(content);
}

function languageOf({ headers }: FastifyRequest): keyof typeof PAGE_TEXTS {
  const accepted = headers['accept-language'];
  const preferred = new Negotiator({ headers: { 'accept-language': accepted ?? '*' } }).language(LANGUAGES);
  return LANGUAGES.find((language) => language === preferred) ?? 'en';
}

function render(
  name: PageName,
  language: keyof typeof PAGE_TEXTS,
  { apiVersion, passwordRule, mail }: AppConfig,
): string {
  const { pages, rules, ...texts } = PAGE_TEXTS[language];
  const values: Readonly<Record<string, string>> = {
    ...texts,
    ...pages[name],
    language,
    action: name,
    // Below the same path, whatever a proxy puts in front of it.
    api: `../api/${apiVersion}`,
    rule: rules[passwordRule],
    service: mail?.from.name ?? '',
  };
  return read('page.html').replaceAll(/\{\{(\w{1,20})\}\}/g, (_, key: string) => escapeHtml(values[key] ?? ''));
}

function read(file: string): string {
  return readFileSync(new URL(`./pages/${file}`, import.meta.url), 'utf8');
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
