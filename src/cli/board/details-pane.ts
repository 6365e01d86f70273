import type { TaskAttempt, TaskDetail } from '../../contract/task.js';
import { ownCommands } from '../commands/task/next-steps.js';
import { ago, clockTime, spell } from '../durations.js';
import { terminalSafe, type Colors } from '../output.js';
import { statusLook } from '../status-words.js';
import { budgetWords } from '../task-budget.js';
import { oneLine, taskName, taskWhy } from '../task-words.js';
import { cell, lineOf, type Piece } from '../terminal/line.js';
import { fitTo, textWidth } from '../terminal/text-width.js';
import { selectedRow, type BoardState } from './board-state.js';
import { wrapWords } from '../wrap-words.js';

const NAME = 9;
const ATTEMPTS = 3;

/** What is known of the selected task, in so many lines, the line that parts it from the list first. Pure. */
export function detailsPane(state: BoardState, height: number, colors: Colors, program: string): string[] {
  const { columns } = state.size;
  const { dim } = colors;
  const task = state.details?.task ?? null;
  const lines = task === null ? [[{ text: '  loading…', paint: dim }]] : detailLines(task, state, colors, program);
  // What it is and why comes first: of a low pane the end is left out, and the command that shows all stays.
  const room = height - 1;
  const shown = lines.length > room ? [...lines.slice(0, room - 1), lines.at(-1) ?? []] : lines;
  return [ruleLine(state, colors), ...shown.map((pieces) => lineOf(pieces, columns))];
}

function ruleLine(state: BoardState, { dim, bold }: Colors): string {
  const { columns } = state.size;
  const row = selectedRow(state);
  const name = row === undefined ? '' : fitTo(taskName(row.task), columns - 6);
  const rest = '─'.repeat(Math.max(0, columns - textWidth(name) - 4));
  return lineOf(
    [
      { text: '── ', paint: dim },
      { text: name, paint: bold },
      { text: ` ${rest}`, paint: dim },
    ],
    columns,
  );
}

function detailLines(task: TaskDetail, { size, nowMs }: BoardState, colors: Colors, program: string): Piece[][] {
  const { dim, cyan } = colors;
  const room = size.columns - 2;
  const named = (label: string, text: string): Piece[] => [
    { text: `  ${cell(label, NAME)} `, paint: dim },
    { text: oneLine(text) },
  ];
  const why = taskWhy(task, nowMs);
  const used = budgetWords(task);
  const dispatched =
    task.dispatchedAt === null ? 'not dispatched' : `dispatched ${ago(nowMs - Date.parse(task.dispatchedAt))}`;
  const commands = ownCommands(task).map((command) => `${program} ${command}`);
  return [
    ...wrapWords(oneLine(task.diagnosis), room, 3).map((text): Piece[] => [{ text: `  ${text}` }]),
    named(
      'where',
      `${task.tenantId}/${task.projectId} · ${task.backendProfile} · ${task.queue}, priority ${task.priority}`,
    ),
    ...(why === '' ? [] : [named('now', why)]),
    named('since', `created ${clockTime(Date.parse(task.createdAt), nowMs)}, ${dispatched}`),
    ...(used === null ? [] : [named('used', used)]),
    ...(task.sessionRef === null ? [] : [named('session', task.sessionRef.sessionId)]),
    ...task.attempts.slice(-ATTEMPTS).map((attempt) => attemptLine(attempt, nowMs, colors)),
    named('prompt', firstLine(task.payload.prompt)),
    ...commands.slice(0, -1).map((command): Piece[] => [{ text: `  ${command}`, paint: cyan }]),
    [{ text: `  ${program} task show ${task.id}`, paint: cyan }],
  ];
}

function attemptLine(attempt: TaskAttempt, nowMs: number, { dim, ...colors }: Colors): Piece[] {
  const { attempt: number, state, runId, startedAt, finishedAt, failureKind, failureMessage } = attempt;
  const status = state === 'acknowledged' ? 'running' : state;
  const [icon, word, paint] = statusLook({ status, failureKind });
  const took = spell((finishedAt === null ? nowMs : Date.parse(finishedAt)) - Date.parse(startedAt));
  return [
    { text: `  ${cell(`try ${number}`, NAME)} `, paint: dim },
    { text: `${icon} ${word}`, paint: { dim, ...colors }[paint] },
    { text: ` ${took}  ${runId ?? 'no run'}  ${oneLine(failureMessage ?? failureKind ?? '')}`, paint: dim },
  ];
}

function firstLine(prompt: string): string {
  const [first = '', ...rest] = terminalSafe(prompt).trim().split('\n');
  return rest.length === 0 ? first : `${first} … (${rest.length + 1} lines)`;
}
