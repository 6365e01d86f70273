import type { Static, TObject } from 'typebox';
import type { AgentRun } from '../client/agent-run.js';

/** What a client may think of a call before it makes it; where a hint is absent, it would have to think the worst. */
export interface ToolHints {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  /** What agents do reaches beyond AgentRun. */
  readonly openWorldHint: boolean;
}

/** One call of a tool: on whose behalf, and until when. */
export interface ToolCall {
  readonly agentrun: AgentRun;
  /** The caller gave up, or went away. */
  readonly signal: AbortSignal;
  /** Tells the caller how it goes, where it asked to be told. */
  readonly progress: (message: string) => void;
}

/** A tool as agents see it. `run` gets arguments that were checked against `input`, defaults filled in, and throws what is told as a tool error. */
export interface Tool<Input extends TObject = TObject, Output extends TObject = TObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly hints: ToolHints;
  readonly input: Input;
  readonly output: Output;
  run(args: Static<Input>, call: ToolCall): Promise<Static<Output>>;
}

export function defineTool<Input extends TObject, Output extends TObject>(tool: Tool<Input, Output>): Tool {
  return tool;
}

export const READS: ToolHints = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};

/** Agents get to work: what they do is theirs. */
export const STARTS_WORK: ToolHints = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: false,
  openWorldHint: true,
};

export const MARKS: ToolHints = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};

/** Ends work that cannot be taken up where it was. */
export const ENDS_WORK: ToolHints = {
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: true,
  openWorldHint: false,
};
