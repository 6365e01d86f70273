import type { AgentRun, TaskSummary } from '../../client/index.js';
import { inboxRows, type InboxRow } from '../model/inbox-rows.js';

/** A list shows no more of each kind; the search says so. */
export const INBOX_LIMITS = { attention: 100, tasks: 50, sessions: 100, runs: 50 } as const;

/** Everything that the inbox shows: four questions at once. */
export async function askInbox(client: AgentRun, readerId: string): Promise<InboxRow[]> {
  const [commander, tasks, sessions, unread, runs] = await Promise.all([
    client.queues.commander({ readerId, limit: INBOX_LIMITS.attention }),
    client.tasks.list({ readerId, limit: INBOX_LIMITS.tasks }),
    client.sessions.list({ readerId, limit: INBOX_LIMITS.sessions }),
    client.sessions.list({ readerId, limit: INBOX_LIMITS.sessions, state: 'unread' }),
    client.runs.list({ limit: INBOX_LIMITS.runs }),
  ]);
  const allTasks = newestOfEach([...tasks.items, ...commander.items]);
  const allSessions = [
    ...new Map([...unread.items, ...sessions.items].map((session) => [session.sessionId, session])).values(),
  ];
  return inboxRows({ tasks: allTasks, sessions: allSessions, runs: runs.items }, Date.now());
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
