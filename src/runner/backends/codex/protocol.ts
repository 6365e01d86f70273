/** What we use of codex's app-server protocol (version 0.169), in shape and name as it sends them. */

export interface RpcError {
  readonly code: number;
  readonly message: string;
}

export interface Notification {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface ServerRequest extends Notification {
  readonly id: number | string;
}

export type ItemStatus = 'inProgress' | 'completed' | 'failed' | 'declined';

/** Of all kinds of items; which fields are there depends on `type`. */
export interface ThreadItem {
  readonly type: string;
  readonly id: string;
  /** userMessage: the id that its sender chose. */
  readonly clientId?: string | null;
  readonly content?: readonly unknown[];
  readonly text?: string;
  readonly phase?: string | null;
  readonly summary?: readonly string[];
  readonly status?: ItemStatus;
  readonly command?: string;
  readonly cwd?: string;
  readonly commandActions?: readonly { readonly command?: string }[];
  readonly aggregatedOutput?: string | null;
  readonly exitCode?: number | null;
  readonly durationMs?: number | null;
  readonly changes?: readonly FileChange[];
  readonly server?: string;
  readonly tool?: string;
  readonly namespace?: string | null;
  readonly name?: string;
  readonly arguments?: unknown;
  readonly result?: { readonly content?: readonly unknown[] } | string | null;
  readonly error?: { readonly message?: string } | null;
  readonly contentItems?: readonly unknown[] | null;
  readonly output?: unknown;
  readonly query?: string;
  readonly path?: string;
}

export interface FileChange {
  readonly path: string;
  readonly kind: { readonly type: 'add' | 'delete' | 'update'; readonly move_path?: string | null };
}

export type TurnStatus = 'completed' | 'interrupted' | 'failed' | 'inProgress';

export interface CodexTurnRecord {
  readonly id: string;
  readonly items: readonly ThreadItem[];
  readonly status: TurnStatus;
  readonly error: TurnError | null;
}

/** A word, or an object whose one key is the word: `{"httpConnectionFailed":{"httpStatusCode":401}}`. */
export type CodexErrorInfo = string | Readonly<Record<string, unknown>>;

export interface TurnError {
  readonly message: string;
  readonly codexErrorInfo: CodexErrorInfo | null;
  readonly additionalDetails: string | null;
}

export interface TokenCounts {
  readonly totalTokens: number;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningOutputTokens: number;
  readonly cacheWriteInputTokens?: number;
}

export interface ThreadTokenUsage {
  readonly total: TokenCounts;
  readonly last: TokenCounts;
  readonly modelContextWindow: number | null;
}

export function textInput(text: string): readonly unknown[] {
  return [{ type: 'text', text, text_elements: [] }];
}
