import type { NoteRef } from '../domain/outcome.js';

/** SQL for the text of a note, or for what is in the column already should the note be gone. Takes names of parameters. */
export function noteText(column: string, parameters: { text: string; noteId: string }): string {
  return `CASE WHEN ${parameters.noteId}::text IS NULL THEN ${parameters.text}::text
    ELSE coalesce((SELECT n.text FROM notes n WHERE n.id = ${parameters.noteId}), ${column}) END`;
}

/** The two parameters of `noteText`. */
export function noteValues(note: NoteRef | null): [text: string | null, noteId: string | null] {
  if (note === null) return [null, null];
  return 'text' in note ? [note.text, null] : [null, note.noteId];
}

export function timeOf(epochMs: number | null): Date | null {
  return epochMs === null ? null : new Date(epochMs);
}
