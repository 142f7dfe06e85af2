import { join } from 'node:path';
import { MIGRATIONS_FOLDER } from '#platform/database';

/** The root of the project. */
export const ROOT_FOLDER = join(MIGRATIONS_FOLDER, '../..');
/** The extensions' sources. */
export const EXTENSIONS_FOLDER = join(ROOT_FOLDER, 'src/extensions');

/** What the names of migrations begin with. */
export function timestamp(): string {
  return new Date().toISOString().replace(/\D/g, '').slice(0, 14);
}
