import type { HttpClient } from '../../../client/http-client.js';
import type { CommandRecord } from '../../../contract/command.js';
import type { EventRecord } from '../../../contract/event.js';
import type { RunResult } from '../../../contract/result.js';
import type { SessionSent } from '../../../contract/session-send.js';
import { CliError } from '../../cli-error.js';
import type { CliContext } from '../../context.js';
import { EventLines } from '../../event-lines.js';
import { EXIT, exitCodeOf } from '../../exit-codes.js';
import { resultLines } from '../../run-lines.js';
import { tabSeparated } from '../../table.js';
import { endsCommand, watchEvents, watching } from '../../watch-run.js';
import { follow } from '../run/follow.js';

export interface FollowSent {
  readonly sent: SessionSent;
  /** What is before it was there before the send. */
  readonly afterSeq: number;
  readonly tail: boolean;
  readonly json: boolean;
  readonly waitTimeout?: number;
}

/**
 * Follows what was said: a turn to its end; a steer to the proof of its delivery, and under `tail` on to the end of the turn that it
 * went into. A steer whose turn had ended is a turn of its own by then, and is followed as that.
 */
export async function followSent(context: CliContext, client: HttpClient, options: FollowSent): Promise<void> {
  const { sent, afterSeq, tail, json, waitTimeout } = options;
  const { run, command, decision } = sent;
  if (decision === 'steer') return followSteer(context, client, options);
  const isOver = command.terminalStatus !== null;
  const watched = { runId: run.id, commandId: command.id, afterSeq: isOver ? 0 : afterSeq, isOver: isOver && !tail };
  await follow(context, client, { ...watched, tail, json, waitTimeout, started: { ...sent } });
}

/** Where a steer got to. */
interface Delivery {
  readonly state: 'delivered' | 'too-late';
  /** The event that proves it, and the turn that it is in now. */
  readonly seq: number | null;
  readonly turnId: string | null;
}

async function followSteer(context: CliContext, client: HttpClient, options: FollowSent): Promise<void> {
  const { sent, tail, json, waitTimeout } = options;
  const { screen, program } = context;
  const goOn = `the session goes on; \`${program} session tail ${sent.sessionId} --new\` follows it again`;
  if (tail && json) screen.data(JSON.stringify({ event: 'started', ...sent }));
  const end = await watching({ timeoutMs: waitTimeout, goOn }, async (signal) => {
    const watch = new SteerWatch(context, options);
    const onEvent = (event: EventRecord) => watch.see(event);
    await watchEvents(context, client, { runId: sent.run.id, afterSeq: watch.afterSeq, signal, onEvent });
    const delivery = watch.delivery ?? (await asRecorded(client, sent));
    if (delivery.turnId === null || (delivery.state === 'delivered' && !tail)) return { delivery, result: null };
    const path = `/api/v1/runs/${sent.run.id}/commands/${delivery.turnId}/result`;
    return { delivery, result: await client.get<RunResult>(path, { signal }) };
  });
  tellEnd(context, options, end);
}

function tellEnd(
  context: CliContext,
  { sent, tail, json }: FollowSent,
  { delivery, result }: { delivery: Delivery; result: RunResult | null },
): void {
  const { screen } = context;
  if (delivery.state === 'too-late' && delivery.turnId === null) {
    throw new CliError('too late: there was no turn to steer', EXIT.tooLate);
  }
  context.exitCode = exitCodeOf(result?.terminalStatus ?? null);
  if (json)
    return screen.data(JSON.stringify(tail ? { event: 'end', delivery, result } : { ...sent, delivery, result }));
  if (result !== null && (tail || screen.out.isTerminal)) return screen.data(resultLines(result, screen.out));
  if (!screen.out.isTerminal)
    screen.data(tabSeparated([[sent.command.id, delivery.state, result?.terminalStatus ?? '']]));
}

/** Looks at a run's events for what becomes of one steer, shows them where that is asked for, and knows when to leave off. */
class SteerWatch {
  readonly afterSeq: number;
  delivery: Delivery | undefined;
  readonly #lines: EventLines;

  constructor(
    private readonly context: CliContext,
    private readonly options: FollowSent,
  ) {
    // A repeat of a send that is long over is told from its events.
    this.afterSeq = options.sent.command.terminalStatus === null ? options.afterSeq : 0;
    this.#lines = new EventLines(context.screen);
    this.#say(context.screen.err.colors.dim('◷ queued'));
  }

  /** True when there is nothing more to wait for. */
  see(event: EventRecord): boolean {
    const { tail, json, sent } = this.options;
    const known = this.#ofSteer(event);
    if (known !== undefined) this.#proved(known);
    if (tail && json) this.context.screen.data(JSON.stringify(event));
    else if (tail && !isOwn(event, sent.command.id)) this.#lines.show(event);
    const { delivery } = this;
    if (delivery === undefined) return false;
    if (delivery.turnId === null || (delivery.state === 'delivered' && !tail)) return true;
    return endsCommand(event, delivery.turnId);
  }

  #ofSteer({ payload, seq }: EventRecord): Delivery | undefined {
    const { sent } = this.options;
    if (payload.commandId !== sent.command.id || this.delivery !== undefined) return undefined;
    const turnOf = (value: unknown) => (typeof value === 'string' ? value : null);
    if (payload.phase === 'steer-delivered') {
      return { state: 'delivered', seq, turnId: turnOf(payload.turnCommandId) ?? sent.activeBefore?.commandId ?? null };
    }
    if (payload.phase !== 'command-terminal') return undefined;
    return { state: 'too-late', seq, turnId: turnOf(payload.supersededBy) };
  }

  #proved(delivery: Delivery): void {
    this.delivery = delivery;
    const { green, yellow } = this.context.screen.err.colors;
    if (delivery.state === 'delivered') this.#say(green(`✓ delivered e${delivery.seq}`));
    else if (delivery.turnId !== null) this.#say(yellow('! turn ended: sent as the next turn'));
  }

  #say(text: string): void {
    if (!this.options.json) this.context.screen.note(text);
  }
}

/** Told by us in our own words. */
function isOwn({ payload }: EventRecord, commandId: string): boolean {
  return payload.commandId === commandId && ['steer-delivered', 'command-terminal'].includes(String(payload.phase));
}

/** The run ended before its events told. */
async function asRecorded(client: HttpClient, { command }: SessionSent): Promise<Delivery> {
  const path = `/api/v1/runs/${command.runId}/commands/${command.id}`;
  const { terminalStatus, supersededBy } = await client.get<CommandRecord>(path);
  const delivered = terminalStatus === 'completed';
  return { state: delivered ? 'delivered' : 'too-late', seq: null, turnId: supersededBy };
}
