import { Option, type Command } from 'commander';
import type { HttpClient } from '../../../client/http-client.js';
import type { SessionRecord } from '../../../contract/session.js';
import { SESSION_FILTER_STATES } from '../../../domain/session-state.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { ago } from '../../durations.js';
import type { Output } from '../../output.js';
import { table, tabSeparated } from '../../table.js';
import { count } from '../run/options.js';
import { addReaderOption } from './options.js';
import { sessionWord } from './session-words.js';

interface ListOptions {
  readonly state?: string;
  readonly backend?: string;
  readonly profile?: string;
  readonly reader?: string;
  readonly limit: number;
  readonly json?: boolean;
}

const LARGEST_PAGE = 500;

export function addSessionList(session: Command, context: CliContext): void {
  addReaderOption(session.command('list'))
    .description('list sessions, newest activity first')
    .addOption(new Option('--state <word>', 'only in this state').choices(SESSION_FILTER_STATES))
    .option('--backend <name>', 'only of this backend profile')
    .addOption(new Option('--profile <name>', 'the same as --backend').conflicts('backend'))
    .option('--limit <n>', 'how many at most', count, 20)
    .option('--json', 'the records as JSON')
    .action((options: ListOptions) =>
      reaching(context, async (client) => {
        const sessions = await listSessions(client, options);
        const { screen } = context;
        if (options.json) screen.data(JSON.stringify(sessions));
        else if (sessions.length === 0) screen.hint('no sessions');
        else screen.data(screen.out.isTerminal ? asTable(sessions, screen.out) : tabSeparated(sessions.map(plainRow)));
      }),
    );
}

async function listSessions(client: HttpClient, options: ListOptions): Promise<SessionRecord[]> {
  const { state, limit, reader: readerId } = options;
  const backendProfile = options.backend ?? options.profile;
  const sessions: SessionRecord[] = [];
  let cursor: string | undefined;
  do {
    const query = { state, backendProfile, readerId, cursor, limit: Math.min(limit - sessions.length, LARGEST_PAGE) };
    const page = await client.get<{ items: SessionRecord[]; nextCursor?: string }>('/api/v1/sessions', { query });
    sessions.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined && sessions.length < limit);
  return sessions;
}

function asTable(sessions: readonly SessionRecord[], out: Output): string {
  const { dim } = out.colors;
  const header = ['STATE', 'SESSION', 'BACKEND', 'PROJECT', 'LAST ACTIVITY'].map((name) => dim(name));
  const rows = sessions.map((session) => [
    sessionWord(session, out.colors),
    session.sessionId,
    session.backendProfile,
    `${session.tenantId}/${session.projectId}`,
    ago(Date.now() - Date.parse(session.lastActivityAt)),
  ]);
  return table([header, ...rows])
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function plainRow(session: SessionRecord): (string | number | null)[] {
  const { sessionId, executionState, attentionState, backendProfile, tenantId, projectId } = session;
  const { unread, lastActivityAt, activeRunId, lastRunId } = session;
  const place = [backendProfile, tenantId, projectId];
  return [
    sessionId,
    executionState,
    attentionState,
    unread ? 'unread' : 'read',
    ...place,
    lastActivityAt,
    activeRunId ?? lastRunId,
  ];
}
