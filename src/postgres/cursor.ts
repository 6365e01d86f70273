import { invalid } from '../domain/errors.js';
import { isStorableTime } from '../domain/storable-times.js';

/** Where a newest-first list goes on: after the item of this time (epoch ms) and id. */
export interface ListPosition {
  readonly atMs: number;
  readonly id: string;
}

/** An opaque cursor that only the list of this name accepts. */
export function encodeCursor(list: string, position: ListPosition): string {
  return Buffer.from(`${list}/${position.atMs}/${position.id}`).toString('base64url');
}

/** @throws schema-invalid for anything but a cursor of this list. */
export function decodeCursor(list: string, cursor: string): ListPosition {
  const text = Buffer.from(cursor, 'base64url').toString();
  const [name, time, id] = text.split('/', 3);
  const position = { atMs: Number(time), id: id ?? '' };
  const ours = name === list && isStorableTime(position.atMs) && id !== '';
  if (!ours || encodeCursor(list, position) !== cursor) throw invalid('cursor', 'cursor is not one of this list');
  return position;
}

/** Where a list by name goes on; only the list of this name accepts it. */
export function encodeNameCursor(list: string, name: string): string {
  return Buffer.from(`${list}/${name}`).toString('base64url');
}

/** @throws schema-invalid for anything but a cursor of this list. */
export function decodeNameCursor(list: string, cursor: string): string {
  const name = Buffer.from(cursor, 'base64url')
    .toString()
    .slice(list.length + 1);
  if (name !== '' && encodeNameCursor(list, name) === cursor) return name;
  throw invalid('cursor', 'cursor is not one of this list');
}

/** Of rows that were asked for with one more than `limit`: that one tells that there is a next page, which goes on after the last item. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  cursorOf: (last: Row) => string,
): { items: Item[]; nextCursor?: string } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const items = page.map(toItem);
  return last === undefined || rows.length === page.length ? { items } : { items, nextCursor: cursorOf(last) };
}

/** Of a newest-first list. */
export function afterCreation(list: string): (last: { readonly created_at: Date; readonly id: string }) => string {
  return (last) => encodeCursor(list, { atMs: last.created_at.getTime(), id: last.id });
}
