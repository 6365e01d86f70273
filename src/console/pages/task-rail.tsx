import type { Liveness, TaskAttempt, TaskDetail } from '../../client/index.js';
import type { Conversation } from '../api/conversation.js';
import { useNow } from '../api/use-poll.js';
import { Budgets } from '../components/budgets.js';
import { Changes } from '../components/changes.js';
import { Facts, Section } from '../components/facts.js';
import { Link } from '../components/link.js';
import { StatusBadge } from '../components/status-badge.js';
import { TraceId } from '../components/trace-id.js';
import { failureWords } from '../model/attention-words.js';
import { look, type StatusLook, type Tone } from '../model/status-look.js';
import { clock, spell } from '../model/times.js';
import { UsageMeter } from '../model/usage.js';

interface TaskRailProps {
  readonly task: TaskDetail;
  readonly liveness: Liveness | null;
  readonly conversation: Conversation | null;
}

const NO_USAGE = new UsageMeter().usage;

export function TaskRail({ task, liveness, conversation }: TaskRailProps) {
  const nowMs = useNow(5_000);
  const { maxAttempts } = task.retryPolicy;
  return (
    <aside class="rail" aria-label="About this task">
      <Section title={`Attempts, ${task.attempts.length} of ${Math.max(maxAttempts, task.attempts.length)}`}>
        <ul class="rail-list">
          {task.attempts.map((attempt) => (
            <li key={attempt.attempt}>
              {attempt.runId === null ? (
                <span>{attempt.attempt}</span>
              ) : (
                <Link to={{ page: 'run', id: attempt.runId, at: null }}>
                  {attempt.attempt}, run <code>…{attempt.runId.slice(-8)}</code>
                </Link>
              )}
              <StatusBadge look={attemptLook(attempt)} />
              <span class="dim number">
                {spell(Date.parse(attempt.finishedAt ?? new Date(nowMs).toISOString()) - Date.parse(attempt.startedAt))}
              </span>
              {attempt.failureKind !== null && <span class="dim rail-note">{failureWords(attempt.failureKind)}</span>}
            </li>
          ))}
        </ul>
        {task.attempts.length === 0 && <p class="dim">None yet.</p>}
      </Section>
      <Section title="Budgets">
        <Budgets liveness={liveness} usage={conversation?.usage.usage ?? NO_USAGE} task={task} />
      </Section>
      {conversation !== null && <Changes rows={conversation.transcript.rows} ofRun />}
      <Section title="Task">
        <Facts
          facts={[
            ['Id', <code key="id">{task.id}</code>],
            [
              'Queue',
              <Link key="queue" to={{ page: 'queues' }}>
                {task.queue}
              </Link>,
            ],
            ['Priority', String(task.priority)],
            ['Backend', task.backendProfile],
            ['Project', `${task.tenantId}/${task.projectId}`],
            ['Workspace', task.workspaceRef.repoUrl ?? task.workspaceRef.path ?? task.workspaceRef.kind],
            [
              'Session',
              task.latestAttempt?.sessionId && (
                <Link key="session" to={{ page: 'session', id: task.latestAttempt.sessionId, at: null }}>
                  {task.latestAttempt.sessionId}
                </Link>
              ),
            ],
            ['Spec', task.aipod && `${task.aipod.name}, version ${task.aipod.version}`],
            ['Not before', task.notBefore && clock(task.notBefore, nowMs)],
            ['Created', clock(task.createdAt, nowMs)],
            ['Ended', task.finishedAt && clock(task.finishedAt, nowMs)],
            ['Trace', <TraceId key="trace" id={task.traceId} />],
          ]}
        />
      </Section>
    </aside>
  );
}

const TONES: Readonly<Record<TaskAttempt['state'], Tone>> = {
  pending: 'queued',
  acknowledged: 'running',
  completed: 'done',
  failed: 'failed',
  blocked: 'needs-you',
  cancelled: 'interrupted',
};

function attemptLook({ state, failureKind }: TaskAttempt): StatusLook {
  return look(failureKind === 'runner-lost' ? 'lost' : TONES[state]);
}
