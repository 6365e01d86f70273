import type { Conversation } from '../api/conversation.js';
import { useNow } from '../api/use-poll.js';
import { AttemptTrack } from '../components/attempt-track.js';
import { Budgets } from '../components/budgets.js';
import { Changes } from '../components/changes.js';
import { Facts, Section } from '../components/facts.js';
import { Link } from '../components/link.js';
import { TraceId } from '../components/trace-id.js';
import { attemptsOf } from '../model/attempts.js';
import type { RunFacts } from '../model/run-facts.js';
import { clock } from '../model/times.js';

interface RunRailProps {
  readonly facts: RunFacts;
  readonly conversation: Conversation;
}

export function RunRail({ facts, conversation }: RunRailProps) {
  const nowMs = useNow(5_000);
  const { run, result, jobs } = facts;
  const { rows } = conversation.transcript;
  return (
    <aside class="rail" aria-label="About this run">
      <Section title="Attempts">
        <AttemptTrack attempts={attemptsOf(run, jobs, rows, nowMs)} />
      </Section>
      <Section title="Budgets">
        <Budgets liveness={result.liveness} usage={conversation.usage.usage} />
      </Section>
      <Changes rows={rows} ofRun />
      <Section title="Run">
        <RunFactList facts={facts} nowMs={nowMs} />
      </Section>
    </aside>
  );
}

function RunFactList({ facts: { run, result }, nowMs }: { readonly facts: RunFacts; readonly nowMs: number }) {
  const { sessionRef, workspaceRef, failureKind, failureMessage, finishedAt } = run;
  const session = sessionRef && (
    <Link to={{ page: 'session', id: sessionRef.sessionId, at: null }}>{sessionRef.sessionId}</Link>
  );
  return (
    <Facts
      facts={[
        ['Id', <code key="id">{run.id}</code>],
        ['Session', session],
        ['Backend', run.backendProfile],
        ['Project', `${run.tenantId}/${run.projectId}`],
        ['Workspace', workspaceRef.repoUrl ?? workspaceRef.path ?? workspaceRef.kind],
        ['Phase', result.liveness.phase.replaceAll('-', ' ')],
        ['Lease until', leaseWords(run, result, nowMs)],
        ['Cancel', cancelWords(run, nowMs)],
        ['Failure', failureKind && [failureKind, failureMessage].filter(Boolean).join(': ')],
        ['Created', clock(run.createdAt, nowMs)],
        ['Ended', finishedAt && clock(finishedAt, nowMs)],
        ['Trace', <TraceId key="trace" id={run.traceId} />],
      ]}
    />
  );
}

function leaseWords(
  { terminalStatus }: RunFacts['run'],
  { liveness }: RunFacts['result'],
  nowMs: number,
): string | null {
  const { leaseExpiresAt, leaseExpired } = liveness.lease;
  if (terminalStatus !== null || leaseExpiresAt === null) return null;
  return `${clock(leaseExpiresAt, nowMs)}${leaseExpired ? ', over' : ''}`;
}

function cancelWords({ cancelRequestedAt, cancelReason }: RunFacts['run'], nowMs: number): string | null {
  if (cancelRequestedAt === null) return null;
  return `asked for ${clock(cancelRequestedAt, nowMs)}${cancelReason === null ? '' : `: ${cancelReason}`}`;
}
