import type { Command } from 'commander';
import { followTasks } from '../../../client/follow-tasks.js';
import type { HttpClient } from '../../../client/http-client.js';
import type { TaskSummary } from '../../../contract/task.js';
import { isTerminalStatus, type TerminalStatus } from '../../../domain/outcome.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { clockTime, durationMs } from '../../durations.js';
import { EXIT, exitCodeOf, type ExitCode } from '../../exit-codes.js';
import { tabSeparated } from '../../table.js';
import { taskName, taskWhy, taskWord, tries } from '../../task-words.js';
import { outageNotes, watching } from '../../watch-run.js';
import { addTaskIdsArgument } from './options.js';
import { watchTask } from './watch-task.js';

interface WatchOptions {
  readonly events: boolean;
  readonly waitTimeout?: number;
  readonly json?: boolean;
}

export function addTaskWatch(task: Command, context: CliContext): void {
  addTaskIdsArgument(task.command('watch'))
    .description('follow tasks to their ends: one with what its agent says, several by a line for each change')
    .option('--no-events', 'only what becomes of it, also of one')
    .option('--wait-timeout <duration>', 'leave off after this long (exit code 3); the tasks go on', durationMs)
    .option('--json', 'each change, and each event of one task, as a line of JSON; the end as the last')
    .action((ids: readonly string[], { events, waitTimeout, json = false }: WatchOptions) =>
      reaching(context, (client) => {
        const [id] = ids;
        const isOne = ids.length === 1 && id !== undefined && events;
        const options = { json, waitTimeout };
        return isOne ? watchTask(context, client, id, options) : watchSeveral(context, client, ids, options);
      }),
    );
}

async function watchSeveral(
  context: CliContext,
  client: HttpClient,
  ids: readonly string[],
  { json, waitTimeout }: { json: boolean; waitTimeout?: number },
): Promise<void> {
  const { screen, program } = context;
  const goOn = `the tasks go on; \`${program} task watch …\` follows them again`;
  const ended = new Map<string, TaskSummary>();
  await watching({ timeoutMs: waitTimeout, goOn }, async (signal) => {
    for await (const task of followTasks(client, ids, { signal, ...outageNotes(context) })) {
      screen.data(json ? JSON.stringify({ event: 'task', task }) : lineOf(context, task));
      if (isTerminalStatus(task.state)) ended.set(task.id, task);
    }
  });
  const ends = [...ended.values()];
  context.exitCode = worstOf(ends.map(({ state }) => state as TerminalStatus));
  if (json) {
    screen.data(JSON.stringify({ event: 'end', tasks: ends }));
    return;
  }
  const { dim } = screen.err.colors;
  for (const { id, state } of ends) if (state !== 'completed') screen.note(dim(`  ${program} task show ${id}   why`));
}

function lineOf({ screen: { out } }: CliContext, task: TaskSummary): string {
  const { id, state, phase, latestAttempt: attempt, failureKind, updatedAt } = task;
  if (!out.isTerminal) {
    const work = [attempt?.attempt ?? 0, attempt?.runId ?? null, failureKind];
    return tabSeparated([[updatedAt, id, state, phase, ...work]]);
  }
  const { dim, bold } = out.colors;
  const now = Date.now();
  const where = phase === 'running' ? `attempt ${tries(task)} in ${attempt?.runId ?? '…'}` : taskWhy(task, now);
  const at = dim(clockTime(Date.parse(updatedAt)));
  return `${at}  ${taskWord(task, out.colors)}  ${bold(id)}  ${taskName(task)}  ${dim(where)}`.trimEnd();
}

/** A failure is worse than a question, which is worse than nothing to do. */
function worstOf(states: readonly TerminalStatus[]): ExitCode {
  const codes = states.map((state) => exitCodeOf(state));
  return [EXIT.runFailed, EXIT.needsYou].find((code) => codes.includes(code)) ?? EXIT.ok;
}
