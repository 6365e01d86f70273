import { invalid } from '../../domain/errors.js';

/** A place between the events of a session. */
export interface TracePosition {
  readonly runId: string;
  readonly seq: number;
}

export function encodeCursor({ runId, seq }: TracePosition): string {
  return Buffer.from(`trace/${runId}/${seq}`).toString('base64url');
}

/** @throws schema-invalid for a cursor that was not given out. */
export function decodeCursor(cursor: string): TracePosition {
  const [kind, runId = '', seq = ''] = Buffer.from(cursor, 'base64url').toString().split('/', 3);
  const position = { runId, seq: Number(seq) };
  const ours = kind === 'trace' && Number.isSafeInteger(position.seq) && encodeCursor(position) === cursor;
  if (!ours) throw invalid('cursor', 'cursor is not one of this session');
  return position;
}
