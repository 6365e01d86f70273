import type { IncomingHttpHeaders } from 'node:http';

/** An item of a request's `input`, or of a response's `output`: a message, a tool call, a tool's output, reasoning … */
export type Item = { readonly type: string } & Readonly<Record<string, unknown>>;

export interface ReceivedRequest {
  /** Counts from 0 over the provider's life. */
  readonly index: number;
  /** On this process's monotonic clock. */
  readonly receivedAtMs: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: {
    readonly model: string;
    readonly input: readonly Item[];
    readonly tools: readonly { readonly type: string; readonly name?: string }[];
  } & Readonly<Record<string, unknown>>;
}

/** Tokens of one response, as the provider counts them. `input` includes `cachedInput`, `output` includes `reasoning`. */
export interface TokenUsage {
  readonly input: number;
  readonly cachedInput: number;
  readonly output: number;
  readonly reasoning: number;
}
