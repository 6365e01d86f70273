import { Option, type Command } from 'commander';
import type { HttpClient } from '../../../client/http-client.js';
import type { CommandRecord } from '../../../contract/command.js';
import type { RunResult } from '../../../contract/result.js';
import type { RunnerJobRecord } from '../../../contract/runner.js';
import { COMMAND_TYPES, type CommandType } from '../../../domain/command-lifecycle.js';
import { sendOnce } from '../../ask-once.js';
import { CliError, usageError } from '../../cli-error.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { durationMs } from '../../durations.js';
import { EXIT } from '../../exit-codes.js';
import { tabSeparated } from '../../table.js';
import { follow } from './follow.js';
import { addRunIdArgument, readPrompt } from './options.js';

interface SendOptions {
  readonly type: CommandType;
  readonly runner?: boolean;
  readonly idempotencyKey?: string;
  readonly wait?: boolean;
  readonly tail?: boolean;
  readonly waitTimeout?: number;
  readonly json?: boolean;
}

export function addRunSend(run: Command, context: CliContext): void {
  addRunIdArgument(run.command('send'))
    .argument('[prompt]', 'what to say; - reads it from standard input; an interrupt has none')
    .description('hand a run a turn, a steer into its live turn, or an interrupt')
    .addOption(new Option('--type <type>', 'what it is').choices(COMMAND_TYPES).default('turn'))
    .option('--runner', 'start a runner for the run, if it waits for one')
    .option('--idempotency-key <key>', 'the same key sends the same once')
    .addOption(new Option('--wait', 'wait until the command has ended').conflicts('tail'))
    .option('--tail', 'show what happens until the command has ended')
    .option('--wait-timeout <duration>', 'leave off waiting after this long (exit code 3)', durationMs)
    .option('--json', 'JSON; with --tail, JSON lines')
    .action((runId: string, prompt: string | undefined, options: SendOptions) => send(context, runId, prompt, options));
}

async function send(context: CliContext, runId: string, given: string | undefined, options: SendOptions) {
  const { type, idempotencyKey: givenKey, waitTimeout, tail = false, json = false } = options;
  if (given === undefined && type !== 'interrupt') throw usageError(`a ${type} needs a prompt`);
  if (!options.wait && !tail && waitTimeout !== undefined) throw usageError('--wait-timeout needs --wait or --tail');
  const payload = given === undefined ? {} : { prompt: await readPrompt(given) };
  await reaching(context, async (client) => {
    const before = await client.get<RunResult>(`/api/v1/runs/${runId}/result`);
    const path = `/api/v1/runs/${runId}/commands`;
    const command = await sendOnce(context, { what: type, givenKey }, (idempotencyKey) =>
      client.post<CommandRecord>(path, { type, payload, idempotencyKey }),
    );
    const runnerJob = options.runner ? await startRunner(client, command) : null;
    const waitsForRunner = before.liveness.phase === 'waiting-for-runner' && runnerJob === null;
    if (waitsForRunner) context.screen.hint(`no runner has the run yet: --runner starts one`);
    if (!options.wait && !tail) {
      tellSent(context, command, json);
      return;
    }
    const watched = { runId, commandId: command.id, afterSeq: before.lastSeq, isOver: command.terminalStatus !== null };
    const conclude = type === 'steer' ? () => assertDelivered(client, command) : undefined;
    await follow(context, client, { ...watched, tail, json, waitTimeout, conclude, started: { command, runnerJob } });
  });
}

/** One that is there already is answered as it is. */
function startRunner(client: HttpClient, { runId, id }: CommandRecord): Promise<RunnerJobRecord> {
  return client.post<RunnerJobRecord>(`/api/v1/runs/${runId}/runner-jobs`, { commandId: id });
}

/** A steer that found its turn over is not lost, but it is not what was asked for either. */
async function assertDelivered(client: HttpClient, { runId, id }: CommandRecord): Promise<void> {
  const { terminalStatus, supersededBy } = await client.get<CommandRecord>(`/api/v1/runs/${runId}/commands/${id}`);
  if (supersededBy !== null)
    throw new CliError(`too late: the turn had ended, so it is the next turn, ${supersededBy}`, EXIT.tooLate);
  if (terminalStatus !== 'completed') throw new CliError('too late: there was no turn to steer', EXIT.tooLate);
}

function tellSent({ screen, program }: CliContext, command: CommandRecord, json: boolean): void {
  if (json) return screen.data(JSON.stringify(command));
  if (!screen.out.isTerminal) return screen.data(tabSeparated([[command.id, command.state]]));
  const { bold, dim } = screen.out.colors;
  screen.data(`${dim('◷ queued')}  ${command.type} ${bold(command.id)}`);
  screen.hint(dim(`  ${program} run tail ${command.runId}   follow the run`));
}
