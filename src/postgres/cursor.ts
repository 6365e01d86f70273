import { invalid } from '../domain/errors.js';

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
  const ours = name === list && Math.abs(position.atMs) <= MAX_TIME_MS && id !== '';
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

/** The largest time of a JavaScript Date. */
const MAX_TIME_MS = 8.64e15;
