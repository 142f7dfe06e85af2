import { type Enveloped, listOf, memberOf } from './api.js';

interface Page {
  readonly pagination: { readonly nextCursor: string | null };
}

/**
 * Yields the items of page after page. A page is asked for when its first item is.
 *
 * @param name the list in the content of each page
 */
export async function* paged<Name extends string, Item>(
  name: Name,
  read: (cursor: string | undefined) => Promise<Enveloped<Page & Record<Name, Item[]>>>,
): AsyncGenerator<Item, void, undefined> {
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    const { nextCursor } = memberOf(page, 'pagination');
    yield* listOf(page, name);
    cursor = nextCursor ?? undefined;
  } while (cursor !== undefined);
}
