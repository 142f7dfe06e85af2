import type { PGlite } from '@electric-sql/pglite';
import { PrismaPGlite } from 'pglite-prisma-adapter';

/** An embedded database in memory, on which the schema engine replays the migrations. */
export class ShadowDatabase extends PrismaPGlite {
  constructor(private readonly database: PGlite) {
    super(database);
  }

  override async connectToShadowDb() {
    const adapter = await this.connect();
    // The engine runs a migration as one script, and so as one transaction, which refuses concurrent indexes.
    adapter.executeScript = async (script) =>
      void (await this.database.exec(script.replaceAll(/\bCONCURRENTLY\b/gi, '')));
    return adapter;
  }
}
