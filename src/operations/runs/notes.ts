import type { NoteRef } from '../../domain/outcome.js';
import type { OperationContext } from '../context.js';

/** Words from outside are kept in the database and travel by id, so that they never enter a workflow's history. */
export async function noteOf(
  context: OperationContext,
  runId: string,
  text: string | null | undefined,
): Promise<NoteRef | null> {
  if (text === null || text === undefined || text === '') return null;
  return { noteId: await context.runs.writeNote(runId, text) };
}
