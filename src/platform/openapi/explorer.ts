import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { AppConfig } from '#config';

/** Swagger UI writes style attributes; nothing else on the page does. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "img-src 'self' data:",
  "object-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
].join(';');

const FILES = [
  ['explorer.css', 'text/css; charset=utf-8'],
  ['explorer.js', 'text/javascript; charset=utf-8'],
  ['favicon.svg', 'image/svg+xml'],
] as const;

/** What of Swagger UI's package the page loads. */
const SWAGGER_UI_FILES = new Set(['/swagger-ui-bundle.js', '/swagger-ui.css']);

/** Serves the explorer at `/docs`: Swagger UI inside a page of our own, with a login. */
export async function serveExplorerPage(fastify: FastifyInstance, { apiVersion }: AppConfig): Promise<void> {
  const page = read('page.html').replace('{{api}}', `api/${apiVersion}`);
  fastify.get('/docs', async (_request, reply) => send(reply, 'text/html; charset=utf-8', page));
  for (const [file, type] of FILES) {
    const content = read(file);
    fastify.get(`/docs/${file}`, async (_request, reply) => send(reply, type, content));
  }
  const { default: fastifyStatic } = await import('@fastify/static');
  await fastify.register(fastifyStatic, {
    root: dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json')),
    prefix: '/docs/ui/',
    decorateReply: false,
    allowedPath: (path) => SWAGGER_UI_FILES.has(path),
  });
}

function send(reply: FastifyReply, type: string, content: string): FastifyReply {
  return reply
    .header('content-type', type)
    .header('content-security-policy', CONTENT_SECURITY_POLICY)
    .header('cache-control', 'no-cache')
    .send(content);
}

function read(file: string): string {
  return readFileSync(new URL(`./explorer/${file}`, import.meta.url), 'utf8');
}
