import { useMemo, useState } from 'preact/hooks';
import type { CommandRecord, RunRecord, RunResult } from '../../client/index.js';
import { useConsole } from '../api/console-context.js';
import { runSource } from '../api/conversation-source.js';
import { useConversation } from '../api/use-conversation.js';
import { useNow, usePoll } from '../api/use-poll.js';
import { useRefreshOnNews } from '../api/use-refresh-on-news.js';
import { AttemptTrack } from '../components/attempt-track.js';
import { Budgets } from '../components/budgets.js';
import { Changes } from '../components/changes.js';
import type { ComposerMode } from '../components/composer.js';
import { ConfirmDialog } from '../components/confirm-dialog.js';
import { ConnectionPill } from '../components/connection-pill.js';
import { ConversationView } from '../components/conversation-view.js';
import { CopyMenu } from '../components/copy-menu.js';
import { Facts, Section } from '../components/facts.js';
import { InterruptButton } from '../components/interrupt-button.js';
import { Link } from '../components/link.js';
import { AsOf, PageHead } from '../components/page-head.js';
import { Problem } from '../components/problem.js';
import { TemporalLink } from '../components/temporal-link.js';
import { attemptsOf } from '../model/attempts.js';
import { cliFor } from '../model/cli-words.js';
import type { EventRef } from '../model/place.js';
import { runLook } from '../model/status-look.js';
import { clock } from '../model/times.js';

const POLL_MS = 3_000;

/** A run: the cause first, then its attempts, then everything that happened. */
export function RunPage({ id, at }: { readonly id: string; readonly at: EventRef | null }) {
  const { client } = useConsole();
  const source = useMemo(() => runSource(client, id), [client, id]);
  const conversation = useConversation(source);
  const facts = usePoll(() => askRun(client, id), POLL_MS, [client, id]);
  useRefreshOnNews(conversation, [facts.refresh]);
  const [isCancelling, setCancelling] = useState(false);
  const nowMs = useNow(5_000);
  const { data } = facts;
  if (data === undefined)
    return facts.error === undefined ? (
      <p class="empty">Loading…</p>
    ) : (
      <Problem error={facts.error} retry={facts.refresh} />
    );
  const { run, result, jobs, commands } = data;
  const isLive = run.terminalStatus === null;
  return (
    <div class="page page-conversation">
      <div class="page-main">
        <PageHead
          title={`Run …${id.slice(-8)}`}
          look={runLook(run)}
          why={result.diagnosis}
          pills={
            <>
              <ConnectionPill connection={conversation.connection} />
              <AsOf polled={facts} intervalMs={POLL_MS} />
            </>
          }
          actions={
            <>
              {isTurnLive(commands) && isLive && <InterruptButton runId={id} conversation={conversation} />}
              {isLive && run.cancelRequestedAt === null && (
                <button type="button" onClick={() => setCancelling(true)}>
                  Cancel…
                </button>
              )}
              {isLive && jobs.length === 0 && run.status === 'pending' && (
                <button
                  type="button"
                  onClick={() =>
                    void client.runs
                      .startRunner(id)
                      .catch(() => undefined)
                      .then(facts.refresh)
                  }
                >
                  Start a runner
                </button>
              )}
              <CopyMenu commands={cliFor({ page: 'run', id, at: null })} />
              <TemporalLink workflowId={run.workflowId} />
            </>
          }
        />
        <ConversationView
          conversation={conversation}
          ofRun
          at={at}
          commands={commands}
          mode={isLive ? modeOf(commands, result) : null}
          onRead={() => undefined}
        />
      </div>
      <aside class="rail" aria-label="About this run">
        <Section title="Attempts">
          <AttemptTrack attempts={attemptsOf(run, jobs, conversation.transcript.rows, nowMs)} />
        </Section>
        <Section title="Budgets">
          <Budgets liveness={result.liveness} usage={conversation.usage.usage} />
        </Section>
        <Changes rows={conversation.transcript.rows} ofRun />
        <Section title="Run">
          <RunFacts run={run} result={result} nowMs={nowMs} />
        </Section>
      </aside>
      {isCancelling && (
        <ConfirmDialog
          title="Cancel this run?"
          words="Its agent is interrupted, then its runner ends. What it has not been given yet is cancelled with it."
          action="Cancel the run"
          onConfirm={() =>
            void client.runs
              .cancel(id, 'cancelled in the console')
              .catch(() => undefined)
              .then(facts.refresh)
          }
          onClose={() => setCancelling(false)}
        />
      )}
    </div>
  );
}

function RunFacts({
  run,
  result,
  nowMs,
}: {
  readonly run: RunRecord;
  readonly result: RunResult;
  readonly nowMs: number;
}) {
  const { lease } = result.liveness;
  return (
    <Facts
      facts={[
        ['Id', <code key="id">{run.id}</code>],
        [
          'Session',
          run.sessionRef && (
            <Link key="session" to={{ page: 'session', id: run.sessionRef.sessionId, at: null }}>
              {run.sessionRef.sessionId}
            </Link>
          ),
        ],
        ['Backend', run.backendProfile],
        ['Project', `${run.tenantId}/${run.projectId}`],
        ['Workspace', run.workspaceRef.repoUrl ?? run.workspaceRef.path ?? run.workspaceRef.kind],
        ['Phase', result.liveness.phase],
        [
          'Lease until',
          run.terminalStatus === null && lease.leaseExpiresAt !== null
            ? `${clock(lease.leaseExpiresAt, nowMs)}${lease.leaseExpired ? ', over' : ''}`
            : null,
        ],
        [
          'Cancel',
          run.cancelRequestedAt &&
            `asked for ${clock(run.cancelRequestedAt, nowMs)}${run.cancelReason === null ? '' : `: ${run.cancelReason}`}`,
        ],
        ['Failure', run.failureKind && [run.failureKind, run.failureMessage].filter(Boolean).join(': ')],
        ['Created', clock(run.createdAt, nowMs)],
        ['Ended', run.finishedAt && clock(run.finishedAt, nowMs)],
        ['Trace', <code key="trace">{run.traceId}</code>],
      ]}
    />
  );
}

async function askRun(client: ReturnType<typeof useConsole>['client'], id: string) {
  const [run, result, jobs, commands] = await Promise.all([
    client.runs.get(id),
    client.runs.result(id),
    client.runs.runnerJobs(id),
    client.runs.commands(id, { limit: 500 }),
  ]);
  return { run, result, jobs: jobs.items, commands: commands.items };
}

export function isTurnLive(commands: readonly CommandRecord[]): boolean {
  return commands.some(({ type, state }) => type === 'turn' && state === 'acknowledged');
}

function modeOf(commands: readonly CommandRecord[], { liveness }: RunResult): ComposerMode {
  if (isTurnLive(commands)) return 'steer';
  return liveness.phase === 'idle' ? 'send' : 'next-turn';
}
