import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import {
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
  HttpException,
  Inject,
  Injectable,
  Module,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { APP_GUARD, HttpAdapterHost } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createApp } from './app.js';
import { AuditRecorder } from '#audit';
import { AccessTokenReader, JWKS_PATH, JwtAuthGuard, PermissionGuard } from '#auth';
import type { AppConfig } from '#config';
import { ACCOUNT_PATH } from '#email';
import { ACCESS_RULE } from '#platform/access';
import { Cache } from '#platform/cache';
import { PrismaService } from '#platform/database';
import { DomainError } from '#platform/errors';
import { EventBus, Transactions } from '#platform/events';
import type { ExtensionDefinition } from '#platform/extensions';
import { RequestContext, runInRequestContext } from '#platform/request';
import { failureBody } from '#platform/response';
import { UsersService } from '#users';

export interface UserManagementOptions {
  /** What `loadConfig(process.env)` returns. */
  readonly config: AppConfig;
  readonly extensions?: readonly ExtensionDefinition[];
}

/** The user management API, which serves its own routes inside another application. */
const INNER = Symbol('user management application');

/** The services that the host's own classes can inject. */
const SERVICES: readonly (abstract new (...parts: never[]) => object)[] = [
  AuditRecorder,
  Cache,
  EventBus,
  PrismaService,
  Transactions,
  UsersService,
];

/** Nest's lifecycle hooks. */
const HOOKS = new Set([
  'onModuleInit',
  'onApplicationBootstrap',
  'onModuleDestroy',
  'beforeApplicationShutdown',
  'onApplicationShutdown',
]);

/**
 * Enforces `@RequirePermissions()` and the other access rules on the host's routes, which may then use `@CurrentUser()`.
 * Routes without a rule are none of its business.
 */
@Injectable()
class HostGuard implements CanActivate {
  constructor(@Inject(INNER) private readonly inner: NestFastifyApplication) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (!Reflect.hasMetadata(ACCESS_RULE, context.getHandler())) return true;
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    try {
      await this.readToken(request, http.getResponse<FastifyReply>());
      const options = { strict: false };
      await this.inner.get(JwtAuthGuard, options).canActivate(context);
      return this.inner.get(PermissionGuard, options).canActivate(context);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      // The host's exception filter knows Nest's exceptions only.
      throw new HttpException(failureBody(error, request.id), error.status);
    }
  }

  private readToken(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { read } = this.inner.get(AccessTokenReader, { strict: false });
    return new Promise((resolve, reject) => {
      Reflect.apply(read, request.server, [
        request,
        reply,
        (error?: Error) => (error === undefined ? resolve() : reject(error)),
      ]);
    });
  }
}

/**
 * Serves the user management API inside another Nest application on Fastify, below `config.basePath` and at the key set's
 * path, and at `/docs` and `/account` where the configuration says so. It keeps its hooks, guards, envelope and errors to itself.
 */
@Module({})
export class UserManagementModule implements OnApplicationShutdown {
  constructor(@Inject(INNER) private readonly inner: NestFastifyApplication) {}

  static forRoot({ config, extensions = [] }: UserManagementOptions): DynamicModule {
    return {
      module: UserManagementModule,
      global: true,
      providers: [
        {
          provide: INNER,
          inject: [HttpAdapterHost],
          useFactory: (host: HttpAdapterHost) => mount(host.httpAdapter.getInstance(), config, extensions),
        },
        { provide: APP_GUARD, useClass: HostGuard },
        ...SERVICES.map((service) => ({
          provide: service,
          inject: [INNER],
          useFactory: (inner: NestFastifyApplication) => withoutHooks(inner.get<object>(service, { strict: false })),
        })),
      ],
      exports: [...SERVICES],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.inner.close();
  }
}

/** Its hooks at start and stop are the inner application's to call: the host would call them once more. */
function withoutHooks(service: object): object {
  return new Proxy(service, {
    get: (target, name): unknown => {
      if (typeof name === 'string' && HOOKS.has(name)) return undefined;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Starts the application without a port of its own, and hands it the requests of the host that are for it. */
async function mount(
  host: FastifyInstance,
  config: AppConfig,
  extensions: readonly ExtensionDefinition[],
): Promise<NestFastifyApplication> {
  const inner = await createApp(config, extensions, { embedded: true });
  await inner.getHttpAdapter().getInstance().ready();
  const server: Server = inner.getHttpServer();
  const serve = (request: IncomingMessage, response: ServerResponse): void =>
    void server.emit('request', request, response);
  const docs = config.docs ? ['/docs', '/docs/*', '/openapi.json', '/openapi.yaml', '/openapi-3.0.json'] : [];
  const pages = config.mail === undefined ? [] : [`${ACCOUNT_PATH}/*`];
  for (const url of [config.basePath, `${config.basePath}/*`, JWKS_PATH, ...docs, ...pages]) {
    host.route({
      method: host.supportedMethods,
      url,
      exposeHeadRoute: false,
      // Before the host reads the body.
      onRequest: async (request, reply) => {
        reply.hijack();
        serve(request.raw, reply.raw);
      },
      handler: async () => undefined,
    });
  }
  // The context that @CurrentUser() reads, on the host's routes.
  host.addHook('onRequest', (request, _reply, done) => runInRequestContext(new RequestContext(request), done));
  return inner;
}
