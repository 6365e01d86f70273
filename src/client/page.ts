/** A page of a list; `nextCursor` is absent on the last one. */
export interface Page<T> {
  readonly items: T[];
  readonly nextCursor?: string;
}

export interface PageQuery {
  readonly limit?: number;
  readonly cursor?: string;
}

/** Every item of a list, page after page. */
export async function* eachItem<T>(
  read: (cursor: string | undefined) => Promise<Page<T>>,
): AsyncGenerator<T, void, void> {
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    yield* page.items;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}
