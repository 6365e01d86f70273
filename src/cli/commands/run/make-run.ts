import { isRefusedBetween, TransportError, type HttpClient } from '../../../client/http-client.js';
import type { CommandCreate, CommandRecord } from '../../../contract/command.js';
import type { RunCreate, RunRecord } from '../../../contract/run.js';
import type { RunnerJobCreate, RunnerJobRecord } from '../../../contract/runner.js';
import { explained, insist, mayHaveArrived, newKey, tellOnce } from '../../ask-once.js';
import type { CliError } from '../../cli-error.js';
import type { CliContext } from '../../context.js';

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

/**
 * Makes a run, hands it its turn and asks for its runner. All three have a key, the one that was given or a new one: the manager may
 * fail between them, and what is asked for again comes to pass once. Where the run is made, the rest is asked for again for a while.
 * @throws CliError that names the run where the rest of it failed, or the key where the run itself may have been made.
 */
export async function makeRun(
  context: Pick<CliContext, 'screen' | 'program'>,
  client: HttpClient,
  bodies: Bodies,
  outageMs?: number,
): Promise<Created> {
  const key = bodies.run.idempotencyKey ?? newKey();
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
    private readonly outageMs: number | undefined,
  ) {}

  insist<T>(what: 'turn' | 'runner', ask: () => Promise<T>): Promise<T> {
    const { outageMs, runId } = this;
    const onLost = tellOnce(
      this.context.screen,
      ({ message }) => `${runId} is made, asking for its ${what} again (${message})`,
    );
    return insist(ask, { outageMs, onLost, givenUp: (error) => this.#givenUp(error, what) });
  }

  #givenUp(error: unknown, what: string): CliError {
    const isUnknown = error instanceof TransportError && !isRefusedBetween(error);
    const about = isUnknown ? `whether its ${what} was too is not known` : `its ${what} was not`;
    const cancel = `\`${this.context.program} run cancel ${this.runId}\` ends it`;
    const advice = isUnknown ? [this.goOn, cancel] : [cancel];
    return explained(error, { before: `${this.runId} was made, ${about}: `, advice, details: { runId: this.runId } });
  }
}

function perhapsMade(error: unknown, idempotencyKey: string, goOn: string): CliError {
  return explained(error, {
    before: 'whether the run was made is not known: ',
    advice: [goOn],
    details: { idempotencyKey },
  });
}
