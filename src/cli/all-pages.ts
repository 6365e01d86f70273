import type { HttpClient } from '../client/http-client.js';

/** All items of a list, page by page. For lists that people fill: queues, tenants. */
export async function allPages<T>(client: HttpClient, path: string): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const query = { cursor, limit: 500 };
    const page = await client.get<{ items: T[]; nextCursor?: string }>(path, { query });
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return items;
}
