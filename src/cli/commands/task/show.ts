import type { Command } from 'commander';
import type { HttpClient } from '../../../client/http-client.js';
import type { RunResult } from '../../../contract/result.js';
import type { RunRecord } from '../../../contract/run.js';
import type { TaskAttempt, TaskDetail } from '../../../contract/task.js';
import { isTerminalStatus } from '../../../domain/outcome.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { ago, clockTime, spell } from '../../durations.js';
import { nextCommands } from '../../next-commands.js';
import { terminalSafe, type Colors } from '../../output.js';
import { replyLines, workspaceWords } from '../../run-lines.js';
import { statusWord } from '../../status-words.js';
import { table, tabSeparated } from '../../table.js';
import { budgetWords } from '../../task-budget.js';
import { oneLine, supervisorOf, taskName, taskWhy, taskWord } from '../../task-words.js';
import { addReaderOption } from '../session/options.js';
import { addTaskIdArgument, taskPath } from './options.js';
import { ownCommands } from './next-steps.js';

const PROMPT_LINES = 8;

export function addTaskShow(task: Command, context: CliContext): void {
  addTaskIdArgument(addReaderOption(task.command('show')))
    .description('show where a task is, why, what its attempts came to, and what to do next')
    .option('--json', 'the task as JSON, with what it is told to do')
    .action((id: string, { reader: readerId, json = false }: { reader?: string; json?: boolean }) =>
      reaching(context, async (client) => {
        const detail = await client.get<TaskDetail>(taskPath(id), { query: { readerId } });
        const { screen } = context;
        if (json) screen.data(JSON.stringify(detail));
        else if (screen.out.isTerminal) screen.data(pretty(context, detail, await ofLastRun(context, client, detail)));
        else screen.data(tabSeparated(plainRows(detail)));
      }),
    );
}

type Row = [name: string, text: string];

function rowsOf(task: TaskDetail, nowMs: number): Row[] {
  const { queue, priority, backendProfile, phase, sessionRef, aipod, cancelRequestedAt } = task;
  const why = taskWhy(task, nowMs);
  const at = (time: string | null) =>
    time && `${ago(nowMs - Date.parse(time))} (${clockTime(Date.parse(time), nowMs)})`;
  return [
    ['phase', why === '' ? phase : `${phase}: ${why}`],
    ['attention', task.unread ? `${task.attentionState}, unread` : task.attentionState],
    ['queue', `${queue}, priority ${priority}`],
    ['project', `${task.tenantId}/${task.projectId}`],
    ['backend', backendProfile],
    ['workspace', workspaceWords(task.workspaceRef)],
    ...optional('spec', aipod && `${aipod.name}, version ${aipod.version}`),
    ...optional('session', sessionRef?.sessionId),
    ...optional('used', budgetWords(task)),
    ...optional('created', at(task.createdAt)),
    ...optional('dispatched', at(task.dispatchedAt)),
    ...optional('not before', task.notBefore && clockTime(Date.parse(task.notBefore), nowMs)),
    ...optional('ended', at(task.finishedAt)),
    ...optional('cancel', cancelRequestedAt && `asked for ${at(cancelRequestedAt)}`),
    ...optional('failure', task.failureKind),
  ];
}

function optional(name: string, text: string | null | undefined): Row[] {
  return text === null || text === undefined || text === '' ? [] : [[name, text]];
}

/** As the others' `show`: names and texts; an attempt is a row of its own. Times as the manager tells them. */
function plainRows(task: TaskDetail): (string | number | null)[][] {
  const { id, state, title, diagnosis, waitingUntil, createdAt, finishedAt, failureMessage } = task;
  const named = rowsOf(task, Date.now()).filter(([name]) => !TOLD_BY_THE_CLOCK.has(name));
  return [
    ['id', id],
    ['state', state],
    ...optional('title', title),
    ...named,
    ...optional('waiting until', waitingUntil),
    ['created', createdAt],
    ...optional('dispatched', task.dispatchedAt),
    ...optional('not before', task.notBefore),
    ...optional('ended', finishedAt),
    ...optional('cancel', task.cancelRequestedAt),
    ...optional('message', failureMessage),
    ['diagnosis', diagnosis],
    ['prompt', task.payload.prompt],
    ...task.attempts.map((attempt) => ['attempt', ...attemptFields(attempt)]),
  ];
}

const TOLD_BY_THE_CLOCK = new Set(['created', 'dispatched', 'not before', 'ended', 'cancel']);

function attemptFields(attempt: TaskAttempt): (string | number | null)[] {
  const { attempt: number, state, runId, commandId, startedAt, finishedAt, failureKind, failureMessage } = attempt;
  return [number, state, runId, commandId, startedAt, finishedAt, failureKind, failureMessage];
}

interface OfLastRun {
  readonly reply: string | null;
  /** What it advises, where somebody has to do something. */
  readonly commands: readonly string[];
}

async function ofLastRun({ program }: CliContext, client: HttpClient, task: TaskDetail): Promise<OfLastRun> {
  const { runId = null, commandId = null } = task.latestAttempt ?? {};
  if (runId === null || commandId === null || !isTerminalStatus(task.state)) return { reply: null, commands: [] };
  const [run, { reply }] = await Promise.all([
    client.get<RunRecord>(`/api/v1/runs/${runId}`),
    client.get<RunResult>(`/api/v1/runs/${runId}/commands/${commandId}/result`),
  ]);
  const supervisor = supervisorOf(task);
  const isDone = supervisor === null || task.state === 'completed' || task.state === 'cancelled';
  const advice = isDone ? [] : nextCommands(supervisor.recoveryActions, run, program);
  // Another run of the same would be no attempt of the task's.
  return { reply, commands: advice.filter((command) => !command.includes(' run create ')) };
}

function pretty({ screen: { out }, program }: CliContext, task: TaskDetail, { reply, commands }: OfLastRun): string {
  const { bold, dim, cyan } = out.colors;
  const now = Date.now();
  const rows = rowsOf(task, now).map(([name, text]) => [`  ${dim(name)}`, oneLine(text)]);
  const next = [...new Set([...commands, ...ownCommands(task).map((command) => `${program} ${command}`)])];
  const part = (name: string, lines: readonly string[]) => (lines.length === 0 ? [] : ['', dim(name), ...lines]);
  const attempts = task.attempts.map((attempt) => attemptRow(attempt, out.colors, now));
  return [
    `${taskWord(task, out.colors)}  ${bold(task.id)}${task.title === null ? '' : `  ${taskName(task)}`}`,
    `  ${terminalSafe(task.diagnosis)}`,
    '',
    table(rows),
    ...part('prompt', promptLines(task)),
    ...part('attempts', attempts.length === 0 ? [] : [table(attempts)]),
    ...part(
      'reply',
      replyLines(reply).map((line) => `  ${line}`),
    ),
    ...part(
      'next',
      next.map((command) => `  ${cyan(command)}`),
    ),
  ].join('\n');
}

function attemptRow(attempt: TaskAttempt, colors: Colors, nowMs: number): string[] {
  const { attempt: number, state, runId, startedAt, finishedAt, startedRun, failureKind } = attempt;
  const status = state === 'acknowledged' ? 'running' : state;
  const endMs = finishedAt === null ? nowMs : Date.parse(finishedAt);
  const why = oneLine(attempt.failureMessage ?? failureKind ?? '');
  return [
    `  ${number}`,
    statusWord({ status, failureKind }, colors),
    runId === null ? 'no run' : `${runId}${startedRun ? '' : ' (its session’s)'}`,
    spell(endMs - Date.parse(startedAt)),
    colors.dim(why),
  ];
}

function promptLines({ payload }: TaskDetail): string[] {
  const lines = terminalSafe(payload.prompt).trimEnd().split('\n');
  const shown = lines.length > PROMPT_LINES ? [...lines.slice(0, PROMPT_LINES - 1), `… ${lines.length} lines`] : lines;
  return shown.map((line) => `  ${line}`);
}
