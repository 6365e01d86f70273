import type { AgentRun, TaskSummary } from '../../client/index.js';
import { NEEDS_ATTENTION } from '../../domain/attention.js';
import { inboxRows, type Inbox } from '../model/inbox-rows.js';

/** The inbox shows no more of each kind, and says so. */
export const INBOX_LIMITS = { needingTasks: 100, needingSessions: 500, tasks: 50, sessions: 100, runs: 50 } as const;

/** Everything that the inbox shows, asked at once. What needs somebody is asked for by itself: much else may have happened since. */
export async function askInbox(client: AgentRun, readerId: string): Promise<Inbox> {
  const limits = INBOX_LIMITS;
  const [commander, needing, tasks, sessions, unread, runs] = await Promise.all([
    client.queues.commander({ readerId, limit: limits.needingTasks }),
    client.sessions.list({ readerId, limit: limits.needingSessions, state: 'needs-attention' }),
    client.tasks.list({ readerId, limit: limits.tasks }),
    client.sessions.list({ readerId, limit: limits.sessions }),
    client.sessions.list({ readerId, limit: limits.sessions, state: 'unread' }),
    client.runs.list({ limit: limits.runs }),
  ]);
  const allTasks = newestOfEach([...tasks.items, ...commander.items]);
  const everySession = [...needing.items, ...unread.items, ...sessions.items];
  const allSessions = [...new Map(everySession.map((session) => [session.sessionId, session])).values()];
  const rows = inboxRows({ tasks: allTasks, sessions: allSessions, runs: runs.items }, Date.now());
  const needingTasks = commander.items.filter(({ attentionState }) => NEEDS_ATTENTION.includes(attentionState)).length;
  return { rows, moreNeedYou: needing.nextCursor !== undefined || commander.attentionCount > needingTasks };
}

/** Of what two answers tell of one task the later word. */
function newestOfEach(tasks: readonly TaskSummary[]): TaskSummary[] {
  const byId = new Map<string, TaskSummary>();
  for (const task of tasks) {
    const known = byId.get(task.id);
    if (known === undefined || known.updatedAt < task.updatedAt) byId.set(task.id, task);
  }
  return [...byId.values()];
}
