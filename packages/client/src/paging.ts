interface Page<Item> {
  readonly items: readonly Item[];
  readonly pagination: { readonly nextCursor: string | null };
}

/** Yields the items of page after page. A page is asked for when its first item is. */
export async function* paged<Item>(
  read: (cursor: string | undefined) => Promise<Page<Item>>,
): AsyncGenerator<Item, void, undefined> {
  let cursor: string | undefined;
  do {
    const { items, pagination } = await read(cursor);
    yield* items;
    cursor = pagination.nextCursor ?? undefined;
  } while (cursor !== undefined);
}
