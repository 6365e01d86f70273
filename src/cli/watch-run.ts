import type { OutageOptions } from '../client/outage.js';
import { tailEvents } from '../client/tail-events.js';
import type { HttpClient } from '../client/http-client.js';
import type { EventRecord } from '../contract/event.js';
import type { RunResult } from '../contract/result.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { spell } from './durations.js';

export interface WatchOptions {
  readonly runId: string;
  /** Watch until this command has ended, rather than the run. */
  readonly commandId?: string;
  readonly afterSeq?: number;
  readonly timeoutMs?: number;
  /** There is nothing to follow any more. */
  readonly isOver?: boolean;
  readonly onEvent?: (event: EventRecord) => void;
}

/**
 * Follows a run to its end, or to that of one command, and answers what came of it. Leaving off never stops the run.
 * @throws CliError when the time is up or somebody presses Ctrl-C.
 */
export async function watchRun(context: CliContext, client: HttpClient, options: WatchOptions): Promise<RunResult> {
  const { runId, commandId, timeoutMs, afterSeq, onEvent } = options;
  const goOn = `the run goes on; \`${context.program} run tail ${runId}\` follows it again`;
  return watching({ timeoutMs, goOn }, async (signal) => {
    const onEach = (event: EventRecord) => {
      onEvent?.(event);
      return commandId !== undefined && endsCommand(event, commandId);
    };
    if (!options.isOver) await watchEvents(context, client, { runId, afterSeq, signal, onEvent: onEach });
    const path = commandId === undefined ? 'result' : `commands/${commandId}/result`;
    return client.get<RunResult>(`/api/v1/runs/${runId}/${path}`, { signal });
  });
}

/**
 * Does what takes long until it is done, the time is up or somebody presses Ctrl-C; what is watched goes on.
 * @throws CliError for the last two, with `goOn` as advice.
 */
export async function watching<T>(
  { timeoutMs, goOn }: { timeoutMs?: number; goOn: string },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const leaving = new AbortController();
  const detach = () => leaving.abort(new CliError('detached', EXIT.interrupted, [goOn]));
  const timeIsUp = () =>
    leaving.abort(new CliError(`not over within ${spell(timeoutMs ?? 0)}`, EXIT.waitTimedOut, [goOn]));
  // Node ends a longer timer at once.
  const timer = timeoutMs === undefined ? undefined : setTimeout(timeIsUp, Math.min(timeoutMs, 2 ** 31 - 1));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, detach);
  try {
    return await work(leaving.signal);
  } finally {
    clearTimeout(timer);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, detach);
  }
}

export interface EventWatch {
  readonly runId: string;
  readonly afterSeq?: number;
  readonly signal: AbortSignal;
  /** True ends the watch. */
  readonly onEvent: (event: EventRecord) => boolean;
}

export async function watchEvents(context: CliContext, client: HttpClient, watch: EventWatch): Promise<void> {
  const { runId, afterSeq, signal, onEvent } = watch;
  for await (const event of tailEvents(client, runId, { afterSeq, signal, ...outageNotes(context) })) {
    if (onEvent(event)) return;
  }
}

/** Says once that the manager is looked for, and when it is there again. */
export function outageNotes({ screen }: CliContext): Required<Pick<OutageOptions, 'onLost' | 'onBack'>> {
  const { dim, yellow } = screen.err.colors;
  let isLost = false;
  return {
    onLost(error) {
      if (!isLost) screen.note(yellow(`! the connection is lost, looking for the manager (${error.message})`));
      isLost = true;
    },
    onBack() {
      isLost = false;
      screen.note(dim('· connected again'));
    },
  };
}

export function endsCommand({ type, payload }: EventRecord, commandId: string): boolean {
  return type === 'backend_status' && payload.phase === 'command-terminal' && payload.commandId === commandId;
}
