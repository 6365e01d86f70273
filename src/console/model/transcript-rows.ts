import type { DiffFile } from './diff-files.js';

/** What a transcript is made of. `key` stays a row's own however the list grows at either end. */
export type TranscriptRow =
  | (RowPlace & { readonly kind: 'user'; readonly text: string; readonly isSteer: boolean })
  | (RowPlace & SpokenRow)
  | (RowPlace & ToolRow)
  | (RowPlace & { readonly kind: 'diff'; readonly files: readonly DiffFile[]; readonly isSuperseded: boolean })
  | (RowPlace & { readonly kind: 'plan'; readonly text: string })
  | (RowPlace & { readonly kind: 'error'; readonly text: string; readonly willRetry: boolean })
  | (RowPlace & { readonly kind: 'steer'; readonly text: string | null })
  | (RowPlace & { readonly kind: 'note'; readonly text: string; readonly isAttention: boolean })
  | (RowPlace & { readonly kind: 'run' })
  | (RowPlace & RunEndRow);

export interface RowPlace {
  readonly key: string;
  readonly runId: string;
  /** Of the event it began with, and of the one that it was told by last. */
  readonly seq: number;
  readonly lastSeq: number;
  readonly commandId: string | null;
  readonly at: string;
}

export interface SpokenRow {
  readonly kind: 'assistant' | 'reasoning';
  readonly text: string;
  /** More of it is to come. */
  readonly isOpen: boolean;
}

export interface ToolRow {
  readonly kind: 'tool';
  readonly toolName: string;
  readonly target: string;
  readonly status: 'running' | 'completed' | 'failed' | 'cancelled';
  readonly exitCode: number | null;
  readonly durationMs: number | null;
  readonly output: string;
  /** Characters at its beginning that are no longer held. */
  readonly outputCut: number;
  /** Its target is what was just said: a turn that is one command line. */
  readonly isPrompt: boolean;
}

export interface RunEndRow {
  readonly kind: 'end';
  readonly terminalStatus: string;
  readonly failureKind: string | null;
  readonly text: string;
}

export type ToolTranscriptRow = RowPlace & ToolRow;
