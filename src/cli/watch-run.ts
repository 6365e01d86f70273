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
  const { runId, commandId, timeoutMs } = options;
  const leaving = new AbortController();
  const goOn = [`the run goes on; \`${context.program} run tail ${runId}\` follows it again`];
  const detach = () => leaving.abort(new CliError('detached', EXIT.interrupted, goOn));
  const timeIsUp = () =>
    leaving.abort(new CliError(`not over within ${spell(timeoutMs ?? 0)}`, EXIT.waitTimedOut, goOn));
  const timer = timeoutMs === undefined ? undefined : setTimeout(timeIsUp, timeoutMs);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, detach);
  try {
    if (!options.isOver) await follow(context, client, options, leaving.signal);
    const path = commandId === undefined ? 'result' : `commands/${commandId}/result`;
    return await client.get<RunResult>(`/api/v1/runs/${runId}/${path}`, { signal: leaving.signal });
  } finally {
    clearTimeout(timer);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, detach);
  }
}

async function follow(
  { screen }: CliContext,
  client: HttpClient,
  { runId, commandId, afterSeq, onEvent }: WatchOptions,
  signal: AbortSignal,
): Promise<void> {
  const { dim, yellow } = screen.err.colors;
  let isLost = false;
  const onLost = (error: Error) => {
    if (!isLost) screen.note(yellow(`! the connection is lost, looking for the manager (${error.message})`));
    isLost = true;
  };
  const onBack = () => {
    isLost = false;
    screen.note(dim('· connected again'));
  };
  for await (const event of tailEvents(client, runId, { afterSeq, signal, onLost, onBack })) {
    onEvent?.(event);
    if (commandId !== undefined && endsCommand(event, commandId)) return;
  }
}

function endsCommand({ type, payload }: EventRecord, commandId: string): boolean {
  return type === 'backend_status' && payload.phase === 'command-terminal' && payload.commandId === commandId;
}
