import { Option, type Command } from 'commander';
import type { HttpClient } from '../../../client/http-client.js';
import { usageError } from '../../cli-error.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { durationMs } from '../../durations.js';
import { statusWord } from '../../status-words.js';
import { tabSeparated } from '../../table.js';
import { renderOnServer } from '../spec/render.js';
import { specName } from '../spec/options.js';
import { addWorkOptions, executionPolicyOf, type WorkOptions } from './create-options.js';
import { follow } from './follow.js';
import { makeRun, type Bodies, type Created } from './make-run.js';
import { count, readPrompt } from './options.js';

interface CreateOptions extends WorkOptions {
  readonly spec?: string;
  readonly tenant?: string;
  readonly project?: string;
  readonly backend?: string;
  readonly prompt?: string;
  readonly runner: boolean;
  readonly keepOpen?: boolean;
  readonly maxAttempts?: number;
  readonly session?: string;
  readonly idempotencyKey?: string;
  readonly wait?: boolean;
  readonly tail?: boolean;
  readonly waitTimeout?: number;
  readonly json?: boolean;
}

export function addRunCreate(run: Command, context: CliContext): void {
  addWorkOptions(run.command('create'))
    .description('make a run; with a prompt, start its first turn and a runner for it')
    .option('--spec <name>', 'spec that says what is not said here', specName)
    .option('--tenant <name>', "tenant (without a spec: 'default')")
    .option('--project <name>', "project (without a spec: 'default')")
    .option('--backend <name>', "backend profile; the server's default when absent")
    .option('--prompt <text>', 'the first turn; - reads it from standard input')
    .option('--no-runner', 'start no runner: one elsewhere claims the run')
    .option('--keep-open', 'leave the run open for further turns; otherwise it ends with the prompt')
    .option('--max-attempts <n>', 'how often a lost runner is replaced, the first included', count)
    .option('--session <id>', 'session that the run belongs to')
    .option('--idempotency-key <key>', 'the same key makes the same run once')
    .addOption(new Option('--wait', 'wait for the end').conflicts('tail'))
    .option('--tail', 'show what happens until the end')
    .option('--wait-timeout <duration>', 'leave off waiting after this long (exit code 3); the run goes on', durationMs)
    .option('--json', 'JSON; with --tail, JSON lines')
    .action((options: CreateOptions) => create(context, options));
}

async function create(context: CliContext, options: CreateOptions): Promise<void> {
  assertFits(options);
  const prompt = options.prompt === undefined ? undefined : await readPrompt(options.prompt);
  await reaching(context, async (client) => {
    const created = await makeRun(context, client, await bodiesOf(client, options, prompt));
    const { run, command } = created;
    if (!options.wait && !options.tail) {
      tellCreated(context, created, options.json ?? false);
      return;
    }
    // A spec may leave its runs open too: what was asked for is over with its turn.
    const commandId = options.keepOpen || options.spec !== undefined ? command?.id : undefined;
    const { tail = false, json = false, waitTimeout } = options;
    await follow(context, client, { runId: run.id, commandId, tail, json, waitTimeout, started: { ...created } });
  });
}

function assertFits({ spec, prompt, env, runner, keepOpen, wait, tail, waitTimeout }: CreateOptions): void {
  if (prompt === undefined && spec !== undefined) throw usageError('--spec needs a --prompt');
  if (prompt === undefined && env !== undefined) throw usageError('--env goes to a runner, which only --prompt starts');
  if (!runner && env !== undefined) throw usageError('--env goes to a runner, which --no-runner leaves out');
  if (prompt === undefined && keepOpen)
    throw usageError('--keep-open says what comes after --prompt, which is missing');
  if (!wait && !tail && waitTimeout !== undefined) throw usageError('--wait-timeout needs --wait or --tail');
}

async function bodiesOf(client: HttpClient, options: CreateOptions, prompt: string | undefined): Promise<Bodies> {
  const { spec, env } = options;
  const run = runOf(options);
  if (spec !== undefined) {
    const input = { ...run, prompt, env, endsWithTurn: endsWithTurn(options) };
    const rendered = await renderOnServer(client, spec, input);
    return options.runner ? rendered : { ...rendered, runnerJob: undefined };
  }
  const workspaceRef = run.workspaceRef ?? { kind: 'none' as const };
  const body = { ...run, workspaceRef, endsWithTurn: prompt !== undefined && options.keepOpen !== true };
  const named = { ...body, tenantId: run.tenantId ?? 'default', projectId: run.projectId ?? 'default' };
  if (prompt === undefined) return { run: named };
  const runnerJob = options.runner ? { env } : undefined;
  return { run: named, command: { type: 'turn', payload: { prompt } }, runnerJob };
}

/** A spec may keep its runs open by itself. */
function endsWithTurn({ keepOpen }: CreateOptions): false | undefined {
  return keepOpen === true ? false : undefined;
}

/** What was said of the run; what was not is left out of the body. */
function runOf(options: CreateOptions) {
  return {
    tenantId: options.tenant,
    projectId: options.project,
    backendProfile: options.backend,
    sessionRef: options.session === undefined ? undefined : { sessionId: options.session },
    workspaceRef: options.workspace,
    executionPolicy: executionPolicyOf(options),
    retryPolicy: { maxAttempts: options.maxAttempts },
    idempotencyKey: options.idempotencyKey,
  };
}

function tellCreated({ screen, program }: CliContext, created: Created, json: boolean): void {
  const { run, command } = created;
  if (json) return screen.data(JSON.stringify(created));
  if (!screen.out.isTerminal) return screen.data(tabSeparated([[run.id, run.status]]));
  const { bold, dim } = screen.out.colors;
  screen.data(`${statusWord(run, screen.out.colors)}  ${bold(run.id)}`);
  const next = [
    ...(command === null ? [['send', '"…" --runner', 'hand it a turn, and a runner']] : []),
    ['tail', '', 'follow it'],
    ['show', '', 'what came of it'],
    ['cancel', '', 'end it'],
  ];
  for (const [verb, rest, why] of next) {
    screen.hint(dim(`  ${[program, 'run', verb, run.id, rest].filter(Boolean).join(' ')}   ${why ?? ''}`));
  }
}
