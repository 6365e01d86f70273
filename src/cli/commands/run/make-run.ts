import { randomUUID } from 'node:crypto';
import { isRefusedBetween, TransportError, type HttpClient } from '../../../client/http-client.js';
import { Outage, pause } from '../../../client/outage.js';
import type { CommandCreate, CommandRecord } from '../../../contract/command.js';
import type { RunCreate, RunRecord } from '../../../contract/run.js';
import type { RunnerJobCreate, RunnerJobRecord } from '../../../contract/runner.js';
import { CliError } from '../../cli-error.js';
import type { CliContext } from '../../context.js';
import { failureOf } from '../../failure.js';

export interface Bodies {
  readonly run: RunCreate;
  /** Absent without a prompt. */
  readonly command?: CommandCreate;
  /** Absent where no runner is to be started. */
  readonly runnerJob?: RunnerJobCreate;
}

export interface Created {
  readonly run: RunRecord;
  readonly command: CommandRecord | null;
  readonly runnerJob: RunnerJobRecord | null;
}

/** As long as a manager takes to be started again. */
const OUTAGE_MS = 30_000;

/**
 * Makes a run, hands it its turn and asks for its runner. All three have a key, the one that was given or a new one: the manager may
 * fail between them, and what is asked for again comes to pass once. Where the run is made, the rest is asked for again for a while.
 * @throws CliError that names the run where the rest of it failed, or the key where the run itself may have been made.
 */
export async function makeRun(
  context: Pick<CliContext, 'screen' | 'program'>,
  client: HttpClient,
  bodies: Bodies,
  outageMs = OUTAGE_MS,
): Promise<Created> {
  const key = bodies.run.idempotencyKey ?? `cli-${randomUUID()}`;
  const goOn = `the same command with --idempotency-key ${key} goes on with it`;
  const keyed = { ...bodies.run, idempotencyKey: key };
  const run = await client.post<RunRecord>('/api/v1/runs', keyed).catch((error: unknown) => {
    throw mayHaveArrived(error) ? perhapsMade(error, key, goOn) : error;
  });
  const rest = new RestOfRun(context, run.id, goOn, outageMs);
  const post = <T>(path: string, body: object) =>
    client.post<T>(`/api/v1/runs/${run.id}/${path}`, { ...body, idempotencyKey: key });
  const { command: turn, runnerJob: job } = bodies;
  if (turn === undefined) return { run, command: null, runnerJob: null };
  const command = await rest.insist('turn', () => post<CommandRecord>('commands', turn));
  if (job === undefined) return { run, command, runnerJob: null };
  const wanted = { ...job, commandId: command.id };
  return { run, command, runnerJob: await rest.insist('runner', () => post<RunnerJobRecord>('runner-jobs', wanted)) };
}

/** What a run that is made still lacks. */
class RestOfRun {
  constructor(
    private readonly context: Pick<CliContext, 'screen' | 'program'>,
    private readonly runId: string,
    private readonly goOn: string,
    private readonly outageMs: number,
  ) {}

  async insist<T>(what: 'turn' | 'runner', ask: () => Promise<T>): Promise<T> {
    const outage = new Outage({ outageMs: this.outageMs, onLost: this.#note(what) });
    // It has just made the run.
    outage.connected();
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        await pause(this.#retryIn(outage, error, what));
      }
    }
  }

  #retryIn(outage: Outage, error: unknown, what: string): number {
    // What stands in between refuses this one for good, however often it is asked.
    if (isRefusedBetween(error)) throw this.#givenUp(error, what);
    try {
      return outage.retryIn(error);
    } catch {
      throw this.#givenUp(error, what);
    }
  }

  /** Once: whoever presses Ctrl-C now must know what there is. */
  #note(what: string): (error: Error) => void {
    const { screen } = this.context;
    let isTold = false;
    return ({ message }) => {
      const note = `! ${this.runId} is made, asking for its ${what} again (${message})`;
      if (!isTold) screen.note(screen.err.colors.yellow(note));
      isTold = true;
    };
  }

  #givenUp(error: unknown, what: string): CliError {
    const isUnknown = error instanceof TransportError && !isRefusedBetween(error);
    const about = isUnknown ? `whether its ${what} was too is not known` : `its ${what} was not`;
    const cancel = `\`${this.context.program} run cancel ${this.runId}\` ends it`;
    const advice = isUnknown ? [this.goOn, cancel] : [cancel];
    return explained(error, { before: `${this.runId} was made, ${about}: `, advice, details: { runId: this.runId } });
  }
}

const NOBODY_THERE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

function mayHaveArrived(error: unknown): boolean {
  if (!(error instanceof TransportError) || isRefusedBetween(error)) return false;
  const cause = error.cause instanceof Error ? error.cause.cause : undefined;
  return !NOBODY_THERE.has((cause as NodeJS.ErrnoException | undefined)?.code ?? '');
}

function perhapsMade(error: unknown, idempotencyKey: string, goOn: string): CliError {
  return explained(error, {
    before: 'whether the run was made is not known: ',
    advice: [goOn],
    details: { idempotencyKey },
  });
}

interface Explanation {
  readonly before: string;
  readonly advice: readonly string[];
  readonly details: Readonly<Record<string, unknown>>;
}

/** The failure as it would be told by itself, with what is to be said of it here. */
function explained(error: unknown, { before, advice, details }: Explanation): CliError {
  const failure = failureOf(error);
  if (failure === undefined) throw error;
  const { exitCode, message, failureKind, traceId } = failure;
  const facts = { failureKind, details: { ...failure.details, ...details }, traceId };
  return new CliError(before + message, exitCode, [...failure.advice, ...advice], facts);
}
