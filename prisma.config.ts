import { defineConfig } from 'prisma/config';

// `generate`, `validate` and `format` never start the native schema engine, yet the CLI downloads it
// before any command. Any existing file in this variable skips the download; "uma migrate:new" uses the
// same engine as WebAssembly instead (src/commands/schema-engine/).
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;

export default defineConfig({
  schema: 'prisma/.assembled',
  migrations: { path: 'prisma/migrations' },
});
