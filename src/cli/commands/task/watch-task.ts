import { followTask } from '../../../client/follow-task.js';
import type { HttpClient } from '../../../client/http-client.js';
import type { RunResult } from '../../../contract/result.js';
import type { TaskDetail } from '../../../contract/task.js';
import { isTerminalStatus } from '../../../domain/outcome.js';
import type { CliContext } from '../../context.js';
import { spell } from '../../durations.js';
import { EventLines } from '../../event-lines.js';
import { exitCodeOf } from '../../exit-codes.js';
import { terminalSafe } from '../../output.js';
import { taskName, taskWhy, taskWord, tookMs, tries } from '../../task-words.js';
import { outageNotes, watching } from '../../watch-run.js';
import { lookDeeper } from './next-steps.js';

export interface WatchOptions {
  readonly json: boolean;
  readonly waitTimeout?: number;
  /** Attempts up to this one are known, and not told. */
  readonly afterAttempt?: number;
}

/** Shows what happens to a task and in its attempts, and lets the program end with what came of it. Leaving off stops nothing. */
export async function watchTask(
  context: CliContext,
  client: HttpClient,
  taskId: string,
  { json, waitTimeout, afterAttempt }: WatchOptions,
): Promise<void> {
  const goOn = `the task goes on; \`${context.program} task watch ${taskId}\` follows it again`;
  const task = await watching({ timeoutMs: waitTimeout, goOn }, async (signal) => {
    const news = followTask(client, taskId, { signal, afterAttempt, ...outageNotes(context) });
    const show = json ? jsonShower(context) : shower(context, afterAttempt);
    let next = await news.next();
    for (; !next.done; next = await news.next()) {
      if ('task' in next.value) show.task(next.value.task);
      else show.event(next.value.event);
    }
    return next.value;
  });
  await tellEnd(context, client, task, json);
}

type Shower = { readonly task: (task: TaskDetail) => void; readonly event: EventLines['show'] };

function jsonShower({ screen }: CliContext): Shower {
  return {
    task: (task) => screen.data(JSON.stringify({ event: 'task', task })),
    event: (event) => screen.data(JSON.stringify(event)),
  };
}

/** What the task goes through as notes, what its agent says as a run is shown. */
function shower({ screen }: CliContext, afterAttempt: number | undefined): Shower {
  const lines = new EventLines(screen);
  const { dim } = screen.err.colors;
  let stood: string | undefined;
  let attempt = afterAttempt;
  const note = (text: string) => screen.note(dim(`· ${text}`));
  return {
    task(task) {
      const { latestAttempt: latest, phase } = task;
      if (latest !== null && latest.attempt !== attempt && latest.runId !== null) {
        attempt = latest.attempt;
        note(`attempt ${tries(task)} in ${latest.runId}`);
      }
      const stands = `${phase} ${latest?.attempt ?? 0}`;
      if (stands !== stood && phase !== 'running' && phase !== 'ended') note(taskWhy(task, Date.now()));
      stood = stands;
    },
    event: (event) => lines.show(event),
  };
}

async function tellEnd(context: CliContext, client: HttpClient, task: TaskDetail, json: boolean): Promise<void> {
  const { screen, program } = context;
  context.exitCode = exitCodeOf(isTerminalStatus(task.state) ? task.state : null);
  if (json) {
    screen.data(JSON.stringify({ event: 'end', task, result: await resultOf(client, task) }));
    return;
  }
  screen.data(endLines(context, task));
  if (task.state === 'completed') return;
  const { dim } = screen.err.colors;
  screen.note(dim(`  ${program} ${lookDeeper(task)}   why`));
}

/** `✓ Done in 12 s  task_…  Fix the flaky test`, and where it did not go well what happened and what to do. */
function endLines({ screen: { out } }: CliContext, task: TaskDetail): string {
  const { bold, dim } = out.colors;
  const tried = task.attempts.length > 1 ? `, ${task.attempts.length} attempts` : '';
  const title = task.title === null ? '' : `  ${taskName(task)}`;
  const first = `${taskWord(task, out.colors)} ${dim(`in ${spell(tookMs(task))}${tried}`)}  ${bold(task.id)}${title}`;
  const lines = task.state === 'completed' ? first : `${first}\n  ${task.diagnosis}`;
  return out.isTerminal ? terminalSafe(lines) : lines;
}

/** What its newest attempt came to; null where that was never started. */
async function resultOf(client: HttpClient, { latestAttempt }: TaskDetail): Promise<RunResult | null> {
  const { runId = null, commandId = null } = latestAttempt ?? {};
  if (runId === null || commandId === null) return null;
  return client.get<RunResult>(`/api/v1/runs/${runId}/commands/${commandId}/result`);
}
