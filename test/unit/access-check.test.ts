import { Controller, Get, Global, Injectable, Module, type OnModuleInit, Post, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { describe, expect, it } from '@jest/globals';
import { ConfigModule, loadConfig } from '../../src/config/index.js';
import { StartupError } from '../../src/platform/errors/index.js';
import {
  Authenticated,
  OthersOnly,
  Public,
  RequirePermissionAndForOthers,
  RequirePermissionFor,
  RequirePermissions,
  SelfOnly,
  SelfOr,
} from '../../src/platform/access/access-rule.js';
import { Cache } from '../../src/platform/cache/index.js';
import { MemoryCache } from '../../src/platform/cache/memory-cache.js';
import { PrismaService } from '../../src/platform/database/index.js';
import { EventsModule } from '../../src/platform/events/events.module.js';
import { UserAttributes } from '../../src/platform/extensions/index.js';
import { ServerModule } from '../../src/platform/server/server.module.js';
import { PermissionRegistry } from '../../src/platform/access/permission-registry.js';
import { SECRETS } from '../support/app.js';

@Injectable()
class Declarations implements OnModuleInit {
  constructor(private readonly permissions: PermissionRegistry) {}

  onModuleInit(): void {
    this.permissions.declare({ 'things:read': 'Read things' });
  }
}

/** No query runs before the check has passed or failed. */
@Global()
@Module({
  providers: [
    { provide: PrismaService, useValue: undefined },
    { provide: Cache, useClass: MemoryCache },
    { provide: UserAttributes, useValue: new UserAttributes([]) },
  ],
  exports: [PrismaService, Cache, UserAttributes],
})
class NoDatabaseModule {}

/** Starts an application without an HTTP server that contains this controller. */
async function startWith(controller: Type): Promise<void> {
  @Module({
    imports: [NoDatabaseModule, EventsModule, ServerModule],
    controllers: [controller],
    providers: [Declarations],
  })
  class Things {}
  const config = loadConfig(SECRETS);
  const root = { module: Things, imports: [ConfigModule.forRoot(config)] };
  const app = await NestFactory.createApplicationContext(root, { logger: false, abortOnError: false });
  await app.close();
}

@Controller('ruled')
class RuledController {
  @Get('public')
  @Public()
  anyone(): void {}

  @Get('user')
  @Authenticated()
  user(): void {}

  @Get(':id')
  @SelfOnly()
  self(): void {}

  @Post(':id')
  @SelfOr('things:read')
  selfOr(): void {}

  @Get()
  @RequirePermissions('things:read')
  @RequirePermissionFor('status', 'deleted', 'things:read')
  holder(): void {}

  @Post('change/:id')
  @RequirePermissionAndForOthers('things:read', 'things:read')
  change(): void {}

  @Post('other/:id')
  @OthersOnly('things:read')
  another(): void {}

  /** A method that is not a route. */
  other(): void {}
}

@Controller('open')
class ForgottenController {
  @Get('ruled')
  @Public()
  ruled(): void {}

  @Post('forgotten')
  forgotten(): void {}
}

@Controller('inherited')
class HeirController extends ForgottenController {}

@Controller('misnamed')
class MisnamedController {
  @Get()
  @RequirePermissions('things:read', 'things:raed')
  list(): void {}
}

@Controller('misnamed')
class MisnamedSelfController {
  @Get(':id')
  @SelfOr('thing:read')
  get(): void {}
}

@Controller('misnamed')
class MisnamedQueryController {
  @Get()
  @RequirePermissions('things:read')
  @RequirePermissionFor('status', 'deleted', 'things:delete')
  list(): void {}
}

@Controller('misnamed')
class MisnamedForOthersController {
  @Post(':id')
  @RequirePermissionAndForOthers('things:read', 'things:raed')
  change(): void {}
}

describe('The check at start that every route has an access rule', () => {
  it('lets the application start when every route has an access rule', async () => {
    await expect(startWith(RuledController)).resolves.toBeUndefined();
  });

  it.each<[Type, string]>([
    [
      ForgottenController,
      'The route ForgottenController.forgotten does not say who may call it. Add an access rule above it, such as @RequirePermissions().',
    ],
    [
      HeirController,
      'The route HeirController.forgotten does not say who may call it. Add an access rule above it, such as @RequirePermissions().',
    ],
    [
      MisnamedController,
      'The route MisnamedController.list asks for the permission things:raed, which no module declares.',
    ],
    [
      MisnamedForOthersController,
      'The route MisnamedForOthersController.change asks for the permission things:raed, which no module declares.',
    ],
    [
      MisnamedSelfController,
      'The route MisnamedSelfController.get asks for the permission thing:read, which no module declares.',
    ],
    [
      MisnamedQueryController,
      'The route MisnamedQueryController.list asks for the permission things:delete, which no module declares.',
    ],
  ])('refuses to start with %p', async (controller, message) => {
    await expect(startWith(controller)).rejects.toThrow(new StartupError(message));
  });
});
