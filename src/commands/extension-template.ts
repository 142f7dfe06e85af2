/** The names that are made of an extension's name, `my-teams`. */
interface Names {
  /** `my-teams` */
  readonly name: string;
  /** `MyTeams` */
  readonly pascal: string;
  /** `myTeams` */
  readonly camel: string;
  /** `my_teams` */
  readonly snake: string;
}

/** The files of a new extension, by their path in its folder: a table, two routes, an event and a test that pass. */
export function extensionFiles(name: string, timestamp: string): Readonly<Record<string, string>> {
  const pascal = name.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  const names: Names = {
    name,
    pascal,
    camel: pascal.charAt(0).toLowerCase() + pascal.slice(1),
    snake: name.replaceAll('-', '_'),
  };
  return {
    'index.ts': index(names),
    [`${name}.module.ts`]: moduleFile(names),
    [`${name}.controller.ts`]: controller(names),
    [`${name}.service.ts`]: service(names),
    [`${name}.test.ts`]: test(names),
    'schema.prisma': schema(names),
    [`migrations/${timestamp}_${names.snake}_create_notes/migration.sql`]: migration(names),
    'README.md': readme(names),
  };
}

function index({ name, pascal }: Names): string {
  return `import { defineExtension } from '#core';
import { ${pascal}Module } from './${name}.module.js';

export default defineExtension({
  name: '${name}',
  api: '^1.0.0',
  module: ${pascal}Module,
  permissions: { '${name}:read': "Read any user's notes" },
  auditActions: ['note.created'],
});
`;
}

function moduleFile({ name, pascal }: Names): string {
  return `import { Module } from '@nestjs/common';
import { ${pascal}Controller } from './${name}.controller.js';
import { ${pascal}Service } from './${name}.service.js';

@Module({ controllers: [${pascal}Controller], providers: [${pascal}Service] })
export class ${pascal}Module {}
`;
}

function controller({ name, pascal }: Names): string {
  return `import { Body, Controller, Get, Post } from '@nestjs/common';
import { ApiAnswer, ApiOperation, ApiProperty, ApiTags, Field, SelfOnly, SelfOr, textOf, UserId } from '#core';
import { ${pascal}Service } from './${name}.service.js';

class New${pascal}NoteRequest {
  @Field(textOf('Text', 1, 500), 'required', { type: String, minLength: 1, maxLength: 500, example: 'Call back' })
  text!: string;
}

export class ${pascal}NoteResponse {
  @ApiProperty({ type: String, format: 'uuid' })
  id!: string;

  @ApiProperty({ type: String, example: 'Call back' })
  text!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  createdAt!: string;
}

@ApiTags('${pascal}')
@Controller('users/:id/${name}-notes')
export class ${pascal}Controller {
  constructor(private readonly notes: ${pascal}Service) {}

  @Get()
  @SelfOr('${name}:read')
  @ApiOperation({ operationId: 'list${pascal}Notes', summary: 'List the notes of a user', description: 'The newest first.' })
  @ApiAnswer({ status: 200, description: 'The notes.', model: ${pascal}NoteResponse, under: 'notes', list: true })
  async list(@UserId() userId: string) {
    return { notes: await this.notes.list(userId) };
  }

  @Post()
  @SelfOnly()
  @ApiOperation({ operationId: 'add${pascal}Note', summary: 'Add a note', description: "For one's own account." })
  @ApiAnswer({ status: 201, description: 'The note.', model: ${pascal}NoteResponse, under: 'note' })
  async add(@UserId() userId: string, @Body() { text }: New${pascal}NoteRequest) {
    return { note: await this.notes.add(userId, text) };
  }
}
`;
}

function service({ pascal, camel }: Names): string {
  return `import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AuditRecorder, EventBus, PrismaService, Transactions, UserDeleted, uuidV7 } from '#core';

@Injectable()
export class ${pascal}Service implements OnModuleInit {
  constructor(
    private readonly prisma: PrismaService,
    private readonly transactions: Transactions,
    private readonly audit: AuditRecorder,
    private readonly events: EventBus,
  ) {}

  onModuleInit(): void {
    // In the transaction of the deletion: both are done, or neither.
    this.events.withinTransaction(UserDeleted, async ({ before }, { db }) => {
      await db.${camel}Note.deleteMany({ where: { userId: before.id } });
    });
  }

  async list(userId: string) {
    const notes = await this.prisma.${camel}Note.findMany({ where: { userId }, orderBy: { id: 'desc' }, take: 100 });
    return notes.map(toResponse);
  }

  async add(userId: string, text: string) {
    return this.transactions.run(async (transaction) => {
      const note = await transaction.db.${camel}Note.create({ data: { id: uuidV7(), userId, text } });
      const target = { type: 'note', id: note.id };
      await this.audit.record([{ action: 'note.created', target }], transaction);
      return toResponse(note);
    });
  }
}

function toResponse({ id, text, createdAt }: { id: string; text: string; createdAt: Date }) {
  return { id, text, createdAt: createdAt.toISOString() };
}
`;
}

function test({ name, pascal }: Names): string {
  return `import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp } from '#core';
import ${pascal.charAt(0).toLowerCase()}${pascal.slice(1)} from './index.js';

describe('The extension ${name}', () => {
  let test: Awaited<ReturnType<typeof startApp>>;
  beforeAll(async () => {
    test = await startApp(undefined, { extensions: [${pascal.charAt(0).toLowerCase()}${pascal.slice(1)}] });
  });
  afterAll(() => test.close());

  it('keeps the notes of a user, for the user and for those who may read them', async () => {
    const { api } = test;
    const account = { username: 'ada1', email: 'ada@example.com', password: 'Correct-horse-7-battery!' };
    const created = await api.post('/users', account);
    const { body } = await api.post('/auth/login', { email: account.email, password: account.password });
    const token: string = body.data.accessToken;
    const added = await api.post('/users/me/${name}-notes', { text: 'Call back' }, { token });
    expect(added).toMatchObject({ status: 201, body: { data: { note: { text: 'Call back' } } } });
    const path = \`/users/\${created.body.data.user.id}/${name}-notes\`;
    expect((await api.get('/users/me/${name}-notes', { token })).body.data.notes).toHaveLength(1);
    expect((await api.get(path)).status).toBe(401);
    const admin = await test.admin();
    expect((await api.get(path, { token: admin.token })).body.data.notes).toEqual([added.body.data.note]);
    expect((await api.post(path, { text: '' }, { token })).status).toBe(400);
    expect((await api.delete('/users/me', { token })).status).toBe(204);
    expect((await api.get(path, { token: admin.token })).body.data.notes).toEqual([]);
  });
});
`;
}

function schema({ pascal, snake }: Names): string {
  return `/// A note about a user.
model ${pascal}Note {
  id        String   @id @db.Uuid
  userId    String   @map("user_id") @db.Uuid
  text      String   @db.VarChar(500)
  createdAt DateTime @default(now()) @map("created_at") @db.Timestamptz(3)

  user User @relation(fields: [userId], references: [id], onDelete: Cascade)

  @@index([userId], map: "ext_${snake}_notes_user_id_idx")
  @@map("ext_${snake}_notes")
}
`;
}

function migration({ snake }: Names): string {
  return `-- CreateTable
CREATE TABLE "ext_${snake}_notes" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "text" VARCHAR(500) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ext_${snake}_notes_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "ext_${snake}_notes_user_id_idx" ON "ext_${snake}_notes"("user_id");

-- AddForeignKey
ALTER TABLE "ext_${snake}_notes" ADD CONSTRAINT "ext_${snake}_notes_user_id_fkey"
    FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
`;
}

function readme({ name }: Names): string {
  return `# ${name}

Notes about users: a starting point. \`npm test -- src/extensions/${name}\` runs its tests.
`;
}
