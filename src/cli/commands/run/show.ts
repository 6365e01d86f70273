import type { Command } from 'commander';
import type { RunResult } from '../../../contract/result.js';
import type { RunRecord } from '../../../contract/run.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { ago, spell } from '../../durations.js';
import { terminalSafe } from '../../output.js';
import { nextCommands } from '../../next-commands.js';
import { replyLines, workspaceWords } from '../../run-lines.js';
import { statusWord } from '../../status-words.js';
import { table, tabSeparated } from '../../table.js';
import { addRunIdArgument } from './options.js';

export function addRunShow(run: Command, context: CliContext): void {
  addRunIdArgument(run.command('show'))
    .description('show what a run is, how it is, and what to do next')
    .option('--json', 'the record and the result as JSON')
    .action((runId: string, { json = false }: { json?: boolean }) =>
      reaching(context, async (client) => {
        const [record, result] = await Promise.all([
          client.get<RunRecord>(`/api/v1/runs/${runId}`),
          client.get<RunResult>(`/api/v1/runs/${runId}/result`),
        ]);
        const { screen } = context;
        if (json) {
          screen.data(JSON.stringify({ run: record, result }));
          return;
        }
        const rows = [...recordRows(record), ...resultRows(result)];
        if (!screen.out.isTerminal) {
          screen.data(tabSeparated(plainRows(record, rows)));
          return;
        }
        screen.data(pretty(context, record, result, rows));
      }),
    );
}

type Row = [name: string, text: string];

function recordRows(run: RunRecord): Row[] {
  const { attempt, retryPolicy, createdAt, finishedAt } = run;
  const ended = finishedAt === null ? '' : `, ended after ${spell(Date.parse(finishedAt) - Date.parse(createdAt))}`;
  return [
    ['backend', run.backendProfile],
    ['workspace', workspaceWords(run.workspaceRef)],
    ['project', `${run.tenantId}/${run.projectId}`],
    ...optional('session', run.sessionRef?.sessionId),
    ['attempt', `${attempt} of ${retryPolicy.maxAttempts}`],
    ['created', `${ago(Date.now() - Date.parse(createdAt))} (${createdAt})${ended}`],
    ...optional('runner', run.claimedBy),
    ...optional('cancel', run.cancelRequestedAt === null ? null : `asked for ${run.cancelRequestedAt}`),
    ['workflow', run.workflowId],
  ];
}

function resultRows({ liveness, failureKind, failureMessage, diagnosis }: RunResult): Row[] {
  const { phase, lastActivity, lastSeq, timeoutBudget: budget } = liveness;
  const last =
    lastActivity === null ? '' : `, last event ${lastSeq} ${ago(lastActivity.ageMs)}: ${lastActivity.summary}`;
  const isRunning = budget.state === 'within-budget' || budget.state === 'exceeded';
  const used = `${spell(budget.elapsedMs)} of ${spell(budget.timeoutMs)} (${budget.timeoutKind})`;
  return [
    ['liveness', `${phase}${last}`],
    ...(isRunning ? ([['turn time', used]] as Row[]) : []),
    ...optional('failure', failureKind),
    ...optional('message', failureMessage),
    ['diagnosis', diagnosis],
  ];
}

function optional(name: string, text: string | null | undefined): Row[] {
  return text === null || text === undefined ? [] : [[name, text]];
}

function plainRows(run: RunRecord, rows: readonly Row[]): Row[] {
  return [['id', run.id], ['status', run.status], ...rows];
}

function pretty({ screen, program }: CliContext, run: RunRecord, result: RunResult, rows: readonly Row[]): string {
  const { bold, dim, cyan } = screen.out.colors;
  const next = nextCommands(result.liveness.recoveryActions, run, program);
  const reply = replyLines(result.reply);
  const shownRows = rows.flatMap((row) => shownRow(row, result));
  return [
    `${statusWord(run, screen.out.colors)}  ${bold(run.id)}`,
    `  ${terminalSafe(result.diagnosis)}`,
    '',
    table(shownRows.map(([name, text]) => [`  ${dim(name)}`, terminalSafe(text)])),
    ...(reply.length === 0 ? [] : ['', dim('reply'), ...reply.map((line) => `  ${line}`)]),
    ...(next.length === 0 ? [] : ['', dim('next'), ...next.map((command) => `  ${cyan(command)}`)]),
  ].join('\n');
}

/** The diagnosis stands above the rows; a message that it quotes whole is not said again, a long one keeps its lines. */
function shownRow([name, text]: Row, { diagnosis }: RunResult): Row[] {
  if (name === 'diagnosis' || (name === 'message' && diagnosis.includes(text))) return [];
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line, index) => [index === 0 ? name : '', line]);
}
