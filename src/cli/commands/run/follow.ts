import type { HttpClient } from '../../../client/http-client.js';
import type { EventRecord } from '../../../contract/event.js';
import type { CliContext } from '../../context.js';
import { EventLines } from '../../event-lines.js';
import { exitCodeOf } from '../../exit-codes.js';
import { phaseWords } from '../../phase-words.js';
import { ProgressDisplay } from '../../progress-display.js';
import { resultLines } from '../../run-lines.js';
import { tabSeparated } from '../../table.js';
import { watchRun } from '../../watch-run.js';

export interface FollowOptions {
  readonly runId: string;
  readonly commandId?: string;
  readonly afterSeq?: number;
  /** Show what happens, rather than wait for what comes of it. */
  readonly tail: boolean;
  readonly json: boolean;
  readonly waitTimeout?: number;
  /** What was made just before: the first line of a tail, part of the answer of a wait. */
  readonly started?: Readonly<Record<string, unknown>>;
  /** It had ended before: only its result is to be told. */
  readonly isOver?: boolean;
  /** Has the last word on what came of it: throws where it is no success. */
  readonly conclude?: () => Promise<void>;
}

/** Follows a run, or one command of it, to the end, tells the result, and lets the program end with what came of it. */
export async function follow(context: CliContext, client: HttpClient, options: FollowOptions): Promise<void> {
  const { tail, json, started, conclude } = options;
  const { screen } = context;
  if (tail && json && started !== undefined) screen.data(JSON.stringify({ event: 'started', ...started }));
  const result = tail ? await followAloud(context, client, options) : await followQuietly(context, client, options);
  await conclude?.();
  context.exitCode = exitCodeOf(result.terminalStatus);
  if (json) {
    screen.data(JSON.stringify(tail ? { event: 'end', result } : { ...started, result }));
    return;
  }
  if (tail || screen.out.isTerminal) screen.data(resultLines(result, screen.out));
  else screen.data(tabSeparated([[result.runId, result.terminalStatus]]));
  if (!tail && result.reply !== null && screen.out.isTerminal) {
    screen.raw(result.reply);
    screen.freshLine();
  }
}

function followAloud(context: CliContext, client: HttpClient, options: FollowOptions) {
  const { screen } = context;
  if (options.json) {
    const onEvent = (event: EventRecord) => screen.data(JSON.stringify(event));
    return watchRun(context, client, { ...options, timeoutMs: options.waitTimeout, onEvent });
  }
  const lines = new EventLines(screen);
  const onEvent = (event: EventRecord) => lines.show(event);
  return watchRun(context, client, { ...options, timeoutMs: options.waitTimeout, onEvent });
}

/** A spinner with the phase, and nothing at all off a terminal. */
async function followQuietly(context: CliContext, client: HttpClient, options: FollowOptions) {
  const { err } = context.screen;
  const display = err.isTerminal ? new ProgressDisplay(err) : undefined;
  const name = 'waiting';
  display?.show({ name, state: 'started' });
  const onEvent = ({ type, payload }: EventRecord) => {
    const detail = type === 'backend_status' ? phaseWords(payload) : undefined;
    if (detail !== undefined) display?.show({ name, state: 'progress', detail: `· ${detail}` });
  };
  try {
    return await watchRun(context, client, { ...options, timeoutMs: options.waitTimeout, onEvent });
  } finally {
    display?.close();
  }
}
