import { Option, type Command } from 'commander';
import type { TaskCreate, TaskRecord } from '../../../contract/task.js';
import { sendOnce } from '../../ask-once.js';
import { usageError } from '../../cli-error.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { durationMs } from '../../durations.js';
import { readInput } from '../../read-input.js';
import { addWorkOptions, executionPolicyOf, type WorkOptions } from '../run/create-options.js';
import { count, readPrompt } from '../run/options.js';
import { sessionId } from '../session/options.js';
import { specName } from '../spec/options.js';
import { notBefore, TASKS_PATH, tokens, type NotBefore } from './options.js';
import { tellTask } from './tell-task.js';
import { watchTask } from './watch-task.js';

interface CreateOptions extends WorkOptions {
  readonly promptFile?: string;
  readonly queue?: string;
  readonly title?: string;
  readonly tenant?: string;
  readonly project?: string;
  readonly backend?: string;
  readonly aipod?: string;
  readonly session?: string;
  readonly priority?: number;
  readonly notBefore?: NotBefore;
  readonly maxAttempts?: number;
  readonly maxTokens?: number;
  readonly maxTime?: number;
  readonly dispatch?: boolean;
  readonly idempotencyKey?: string;
  readonly watch?: boolean;
  readonly waitTimeout?: number;
  readonly json?: boolean;
}

export function addTaskCreate(task: Command, context: CliContext): void {
  const command = task
    .command('create')
    .argument('[prompt]', 'what is to be done; - reads it from standard input')
    .description('put a task into a queue; it begins when it is dispatched and its queue has a slot')
    .option('--prompt-file <file>', 'read the prompt from a file')
    .option('--queue <name>', "queue: 'default' when absent")
    .option('--title <text>', 'what people will call it')
    .option('--tenant <name>', "tenant (without a spec: 'default')")
    .option('--project <name>', "project (without a spec: 'default')")
    .option('--profile, --backend <name>', "backend profile; the server's default when absent")
    .option('--spec, --aipod <name>', 'AipodSpec that says what is not said here', specName)
    .option('--session <id>', 'it is a turn of this session, on its live run where it has one', sessionId)
    .option('--priority <n>', 'from 0 to 1000, the higher the sooner (500 when absent)', count)
    .option('--not-before <time>', 'start it no sooner: a time, or +10m from now', notBefore)
    .option('--max-attempts <n>', 'how often it is tried, where trying again may help (3 when absent)', count)
    .option('--max-tokens <n>', 'stop it when its attempts have used so many together, such as 200k', tokens)
    .option('--max-time <duration>', 'stop it when its attempts have run so long together, such as 2h', durationMs)
    .option('--dispatch', 'let it begin by itself')
    .option('--no-dispatch', "wait for `task dispatch`, whatever the queue's own setting is");
  addWorkOptions(command)
    .option('--key, --idempotency-key <key>', 'the same key makes the same task once')
    .option('--watch', 'dispatch it, unless told not to, and show what happens until its end')
    .addOption(
      new Option('--wait-timeout <duration>', 'leave off watching after this long (exit code 3)').argParser(durationMs),
    )
    .option('--json', 'the task as JSON; with --watch, JSON lines')
    .action((prompt: string | undefined, options: CreateOptions) => create(context, prompt, options));
}

async function create(context: CliContext, given: string | undefined, options: CreateOptions): Promise<void> {
  assertFits(given, options);
  const { watch, waitTimeout, json = false, idempotencyKey: givenKey, notBefore } = options;
  const body = bodyOf(options, await promptOf(given, options.promptFile));
  await reaching(context, async (client) => {
    // A time that was given from now on is another one in the next command.
    const repeatedWith = notBefore?.isRelative ? `--not-before ${notBefore.at}` : undefined;
    const task = await sendOnce(context, { what: 'task', givenKey, repeatedWith }, (idempotencyKey) =>
      client.post<TaskRecord>(TASKS_PATH, { ...body, idempotencyKey }),
    );
    if (watch) await watchTask(context, client, task.id, { json, waitTimeout });
    else tellTask(context, task, { json });
  });
}

function assertFits(given: string | undefined, options: CreateOptions): void {
  const { promptFile, idempotencyKey, watch, waitTimeout } = options;
  if (given !== undefined && promptFile !== undefined) throw usageError('give a prompt or --prompt-file, not both');
  if (given === undefined && promptFile === undefined) throw usageError('a task needs a prompt, or a --prompt-file');
  if (options.notBefore?.isRelative && idempotencyKey !== undefined) {
    throw usageError('with a key the same task must be asked for again: give --not-before a time');
  }
  if (!watch && waitTimeout !== undefined) throw usageError('--wait-timeout needs --watch');
}

async function promptOf(given: string | undefined, file = '-'): Promise<string> {
  if (given !== undefined) return readPrompt(given);
  const prompt = await readInput(file);
  if (prompt.trim() === '') throw usageError(`there is no prompt in ${file}`);
  return prompt;
}

/** What was not said is left out: the queue, the spec or the server has a word for it. */
function bodyOf(options: CreateOptions, prompt: string): TaskCreate {
  const { aipod, session, env, maxAttempts, maxTokens, maxTime } = options;
  const fallback = aipod === undefined ? 'default' : undefined;
  return {
    queue: options.queue,
    title: options.title,
    tenantId: options.tenant ?? fallback,
    projectId: options.project ?? fallback,
    backendProfile: options.backend,
    aipod,
    prompt,
    sessionRef: session === undefined ? undefined : { sessionId: session },
    priority: options.priority,
    notBefore: options.notBefore?.at,
    retryPolicy: maxAttempts === undefined ? undefined : { maxAttempts },
    budget: maxTokens === undefined && maxTime === undefined ? undefined : { maxTokens, maxWallTimeMs: maxTime },
    autoDispatch: options.dispatch ?? (options.watch ? true : undefined),
    workspaceRef: options.workspace,
    executionPolicy: executionPolicyOf(options),
    runnerJob: env === undefined ? undefined : { env },
  };
}
