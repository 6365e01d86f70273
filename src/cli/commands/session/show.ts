import type { Command } from 'commander';
import type { SessionStorage, SessionSummary } from '../../../contract/session.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import type { HttpClient } from '../../../client/http-client.js';
import type { RunRecord } from '../../../contract/run.js';
import { ago } from '../../durations.js';
import { terminalSafe } from '../../output.js';
import { nextCommands } from '../../next-commands.js';
import { table, tabSeparated } from '../../table.js';
import { addReaderOption, addSessionArgument, sessionPath } from './options.js';
import { bytesWords, sessionWord, type Row } from './session-words.js';

interface ShowOptions {
  readonly reader?: string;
  readonly json?: boolean;
}

export function addSessionShow(session: Command, context: CliContext): void {
  addReaderOption(addSessionArgument(session.command('show')))
    .description('show what a session is, how its run stands, and what to do next')
    .option('--json', 'the session and its storage as JSON')
    .action((id: string, { reader: readerId, json = false }: ShowOptions) =>
      reaching(context, async (client) => {
        const [summary, storage] = await Promise.all([
          client.get<SessionSummary>(sessionPath(id), { query: { readerId } }),
          client.get<SessionStorage>(sessionPath(id, 'storage')),
        ]);
        const { screen } = context;
        if (json) {
          screen.data(JSON.stringify({ session: summary, storage }));
          return;
        }
        const rows = [...recordRows(summary), ...runRows(summary), ...storageRow(summary, storage)];
        if (screen.out.isTerminal) screen.data(pretty(context, summary, rows, await ofRun(context, client, summary)));
        else screen.data(tabSeparated([['id', id], ['state', summary.executionState], ...rows]));
      }),
    );
}

function recordRows(session: SessionSummary): Row[] {
  const { lastActivityAt, threadId, conversationId } = session;
  return [
    ['attention', session.attentionState],
    ['unread', session.unread ? 'yes' : 'no'],
    ['backend', session.backendProfile],
    ['project', `${session.tenantId}/${session.projectId}`],
    ...optional('thread', threadId),
    ...optional('conversation', conversationId),
    ['last activity', `${ago(Date.now() - Date.parse(lastActivityAt))} (${lastActivityAt})`],
    ['kept until', session.expiresAt],
  ];
}

function runRows({ supervisor, activeRunId, activeCommandId, lastRunId, failureKind }: SessionSummary): Row[] {
  if ('message' in supervisor) return [['run', supervisor.message]];
  const { phase, lastActivity, lastSeq } = supervisor;
  const last = lastActivity === null ? '' : `, event ${lastSeq} ${ago(lastActivity.ageMs)}: ${lastActivity.summary}`;
  return [
    ...optional('run', activeRunId ?? (lastRunId === null ? null : `${lastRunId} (ended)`)),
    ...optional('command', activeCommandId),
    ...optional('liveness', phase === null ? null : `${phase}${last}`),
    ...optional('failure', failureKind),
  ];
}

function storageRow({ storageKind }: SessionSummary, { pvcName, pvcPhase, storageSizeBytes }: SessionStorage): Row[] {
  if (storageKind === 'evicted') return [['storage', 'evicted: it takes no further run']];
  return [['storage', pvcName === null ? 'none' : `${pvcName} ${pvcPhase ?? ''}, ${bytesWords(storageSizeBytes)}`]];
}

function optional(name: string, text: string | null): Row[] {
  return text === null ? [] : [[name, text]];
}

/** What its run advises next. */
async function ofRun({ program }: CliContext, client: HttpClient, session: SessionSummary): Promise<string[]> {
  const { supervisor, activeRunId, lastRunId } = session;
  const runId = activeRunId ?? lastRunId;
  if (runId === null || 'message' in supervisor) return [];
  const run = await client.get<RunRecord>(`/api/v1/runs/${runId}`);
  return nextCommands(supervisor.recoveryActions, run, program).filter((line) => !line.includes(' send '));
}

function pretty(
  { screen, program }: CliContext,
  session: SessionSummary,
  rows: readonly Row[],
  ofItsRun: readonly string[],
): string {
  const { bold, dim, cyan } = screen.out.colors;
  const { sessionId: id } = session;
  const next = [`${program} chat ${id}`, `${program} session tail ${id}`, ...ofItsRun];
  return [
    `${sessionWord(session, screen.out.colors)}  ${bold(id)}`,
    table(rows.map(([name, text]) => [`  ${dim(name)}`, terminalSafe(text)])),
    '',
    dim('next'),
    ...next.map((command) => `  ${cyan(command)}`),
  ].join('\n');
}
