import { readFileSync } from 'node:fs';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { AppConfig } from '#config';
import { NotFoundError } from '#platform/errors';
import { escapeHtml } from '#platform/mail';
import { preferredLanguage } from '#platform/request';
import { PAGE_NAMES, PAGE_TEXTS, type PageName } from './pages/texts.js';

/** Where the pages behind the links of mails are. */
export const ACCOUNT_PATH = '/account';

type Language = keyof typeof PAGE_TEXTS;

/** English first. */
const [FIRST = 'en', ...OTHERS] = Object.keys(PAGE_TEXTS) as Language[];

/** Serves a page for each link in a mail. A page is the same for every token, which its script reads from the fragment. */
export function serveAccountPages(fastify: FastifyInstance, config: AppConfig): void {
  for (const name of PAGE_NAMES) {
    const pages = new Map([FIRST, ...OTHERS].map((language) => [language, render(name, language, config)]));
    fastify.get(`${ACCOUNT_PATH}/${name}`, async (request, reply) => {
      const language = preferredLanguage(request.headers['accept-language'], [FIRST, ...OTHERS]);
      void reply.header('content-language', language);
      // Keeps what the CORS hook put there.
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
  // The rate limit counts unknown routes, and nothing below this path.
  fastify.all(`${ACCOUNT_PATH}/*`, async () => {
    throw new NotFoundError('Route not found');
  });
}

/** Without mail, the path of invitations is 404. `/users/:id` would match it, and answer 405. */
export function hideInvitations(fastify: FastifyInstance, { basePath }: AppConfig): void {
  fastify.all(`${basePath}/users/invitations`, async () => {
    throw new NotFoundError('Route not found');
  });
}

function send(reply: FastifyReply, type: string, content: string): FastifyReply {
  return reply.header('content-type', type).header('cache-control', 'no-cache').send(content);
}

function render(name: PageName, language: Language, { apiVersion, passwordRule, mail }: AppConfig): string {
  const { pages, rules, refusals, expired, noToken, unreachable, ...texts } = PAGE_TEXTS[language];
  const { done } = pages[name];
  const ofScript = { api: language === FIRST, refusals, expired, noToken, unreachable, done };
  const values: Readonly<Record<string, string>> = {
    ...texts,
    ...pages[name],
    language,
    action: name,
    // Below the same path, whatever a proxy puts in front of it.
    api: `../api/${apiVersion}`,
    rule: rules[passwordRule],
    service: mail?.from.name ?? '',
    texts: JSON.stringify(ofScript),
  };
  const fields = name === 'verify-email' ? '' : read('password.html');
  return read('page.html')
    .replace('{{fields}}', () => fields)
    .replaceAll(/\{\{(\w{1,20})\}\}/g, (_, key: string) => escapeHtml(values[key] ?? ''));
}

function read(file: string): string {
  return readFileSync(new URL(`./pages/${file}`, import.meta.url), 'utf8');
}
