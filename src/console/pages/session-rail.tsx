import type { Liveness, SessionSummary } from '../../client/index.js';
import type { Conversation } from '../api/conversation.js';
import { useConsole } from '../api/console-context.js';
import { useNow, usePoll } from '../api/use-poll.js';
import { Budgets } from '../components/budgets.js';
import { Changes } from '../components/changes.js';
import { Facts, Section } from '../components/facts.js';
import { Link } from '../components/link.js';
import { StatusBadge } from '../components/status-badge.js';
import { runLook } from '../model/status-look.js';
import { age, bytes, clock } from '../model/times.js';

interface SessionRailProps {
  readonly session: SessionSummary;
  readonly liveness: Liveness | null;
  readonly conversation: Conversation;
}

/** Beside the transcript: budgets, what was changed, the runs, and what the session is. */
export function SessionRail({ session, liveness, conversation }: SessionRailProps) {
  const { client } = useConsole();
  const nowMs = useNow(10_000);
  const { sessionId } = session;
  const runs = usePoll(async () => (await client.runs.list({ sessionId, limit: 20 })).items, 15_000, [
    client,
    sessionId,
    session.lastRunId,
  ]);
  const storage = usePoll(() => client.sessions.storage(sessionId), 60_000, [client, sessionId]);
  return (
    <aside class="rail" aria-label="About this session">
      <Section title="Budgets">
        <Budgets liveness={liveness} usage={conversation.usage.usage} />
      </Section>
      <Changes rows={conversation.transcript.rows} ofRun={false} />
      <Section title="Runs">
        <ul class="rail-list">
          {(runs.data ?? []).map((run) => (
            <li key={run.id}>
              <Link to={{ page: 'run', id: run.id, at: null }}>
                <code>…{run.id.slice(-8)}</code>
              </Link>
              <StatusBadge look={runLook(run)} />
              <span class="dim number">{age(run.createdAt, nowMs)}</span>
            </li>
          ))}
        </ul>
      </Section>
      <Section title="Session">
        <Facts
          facts={[
            ['Id', <code key="id">{sessionId}</code>],
            ['Backend', session.backendProfile],
            ['Project', `${session.tenantId}/${session.projectId}`],
            ['Thread', session.threadId && <code key="thread">{session.threadId}</code>],
            [
              'Storage',
              storageWords(
                session.storageKind,
                storage.data?.storageSizeBytes ?? null,
                storage.data?.storageOverQuota === true,
              ),
            ],
            ['Kept until', clock(session.expiresAt, nowMs)],
          ]}
        />
      </Section>
    </aside>
  );
}

function storageWords(kind: SessionSummary['storageKind'], sizeBytes: number | null, isOver: boolean): string {
  if (kind === 'evicted') return 'evicted: its thread is gone';
  if (kind === 'none') return 'none yet';
  return `${sizeBytes === null ? 'a volume' : bytes(sizeBytes)}${isOver ? ', more than it may hold' : ''}`;
}
