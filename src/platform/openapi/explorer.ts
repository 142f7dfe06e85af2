import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { AppConfig } from '#config';
import { NotFoundError } from '#platform/errors';

const FILES = [
  ['explorer.css', 'text/css; charset=utf-8'],
  ['explorer.js', 'text/javascript; charset=utf-8'],
  ['favicon.svg', 'image/svg+xml'],
] as const;

/** What of Swagger UI's package the page loads. */
const SWAGGER_UI_FILES = new Set(['/swagger-ui-bundle.js', '/swagger-ui.css']);

/** Serves the explorer at `/docs`: Swagger UI inside a page of our own, with a login. */
export async function serveExplorerPage(
  fastify: FastifyInstance,
  { apiVersion, publicPath }: AppConfig,
): Promise<void> {
  const page = read('page.html').replace('{{api}}', `api/${apiVersion}`);
  fastify.get('/docs', async (_request, reply) => {
    // Swagger UI writes style attributes; nothing else of ours does.
    const policy = String(reply.getHeader('content-security-policy'));
    void reply.header('content-security-policy', `${policy};style-src 'self' 'unsafe-inline'`);
    return send(reply, 'text/html; charset=utf-8', page);
  });
  // The page names its files relative to /docs.
  fastify.get('/docs/', async (_request, reply) => reply.redirect(`${publicPath}/docs`));
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
  // The rate limit counts unknown routes, and nothing below this path.
  fastify.all('/docs/*', async () => {
    throw new NotFoundError('Route not found');
  });
}

function send(reply: FastifyReply, type: string, content: string): FastifyReply {
  return reply.header('content-type', type).header('cache-control', 'no-cache').send(content);
}

function read(file: string): string {
  return readFileSync(new URL(`./explorer/${file}`, import.meta.url), 'utf8');
}
