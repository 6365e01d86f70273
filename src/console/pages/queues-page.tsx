import { useState } from 'preact/hooks';
import type { QueueRecord, QueueStats, QueueUpdate } from '../../client/index.js';
import { asError } from '../../domain/as-error.js';
import { useConsole } from '../api/console-context.js';
import { useNow, usePoll } from '../api/use-poll.js';
import { BudgetBar } from '../components/budget-bar.js';
import { CopyMenu } from '../components/copy-menu.js';
import { Facts, Section } from '../components/facts.js';
import { Link } from '../components/link.js';
import { AsOf, PageHead } from '../components/page-head.js';
import { Problem } from '../components/problem.js';
import { RunnersTable } from '../components/runners-table.js';
import { cliFor } from '../model/cli-words.js';
import { whyWaiting } from '../model/queue-words.js';
import { amount, clock, plural, spell } from '../model/times.js';

const POLL_MS = 3_000;

/** Queues with how deep they are and why what waits waits; runners with their leases; caps of tenants. */
export function QueuesPage() {
  const { client } = useConsole();
  const nowMs = useNow(5_000);
  const queues = usePoll(
    async () => {
      const { items } = await client.queues.list({ limit: 100 });
      return Promise.all(items.map(async (queue) => ({ queue, stats: await client.queues.stats(queue.name) })));
    },
    POLL_MS,
    [client],
  );
  const budgets = usePoll(async () => (await client.queues.budgets()).items, 10_000, [client]);
  const retention = usePoll(() => client.installation.retention().catch(() => null), 30_000, [client]);
  return (
    <div class="page page-wide">
      <PageHead
        title="Queues and runners"
        pills={<AsOf polled={queues} intervalMs={POLL_MS} />}
        actions={<CopyMenu commands={cliFor({ page: 'queues' })} />}
      />
      {queues.error !== undefined && <Problem error={queues.error} retry={queues.refresh} />}
      {queues.data === undefined && queues.error === undefined && <p class="empty">Loading…</p>}
      {queues.data?.length === 0 && (
        <p class="empty">
          No queue has had a task yet. <Link to={{ page: 'new-task' }}>New task</Link>
        </p>
      )}
      <div class="cards">
        {(queues.data ?? []).map(({ queue, stats }) => (
          <QueueCard key={queue.name} queue={queue} stats={stats} onChanged={queues.refresh} />
        ))}
      </div>
      <Section title="Runners">
        <RunnersTable />
        {retention.data !== undefined && retention.data !== null && (
          <p class="dim">
            {retention.data.enabled
              ? `Retention: at most ${plural(retention.data.maxRunners ?? 0, 'runner')}; ${retention.data.matching} count, ${retention.data.active} of them active. A cycle now would end ${retention.data.items.length}.`
              : 'No cap is set on how many runners are kept.'}
          </p>
        )}
      </Section>
      {(budgets.data ?? []).length > 0 && (
        <Section title="Budgets of tenants">
          <div class="cards">
            {(budgets.data ?? []).map((budget) => (
              <article key={budget.tenantId} class="card">
                <h3>{budget.tenantId}</h3>
                <BudgetBar
                  label={`Tokens a ${budget.period}`}
                  used={amount(budget.usedTokens)}
                  cap={budget.maxTokens === null ? undefined : amount(budget.maxTokens)}
                  share={budget.maxTokens === null ? undefined : budget.usedTokens / budget.maxTokens}
                />
                <BudgetBar
                  label={`Time a ${budget.period}`}
                  used={spell(budget.usedWallTimeMs)}
                  cap={budget.maxWallTimeMs === null ? undefined : spell(budget.maxWallTimeMs)}
                  share={budget.maxWallTimeMs === null ? undefined : budget.usedWallTimeMs / budget.maxWallTimeMs}
                />
                <p class="dim">begins anew {clock(budget.periodEndsAt, nowMs)}</p>
              </article>
            ))}
          </div>
        </Section>
      )}
    </div>
  );
}

interface QueueCardProps {
  readonly queue: QueueRecord;
  readonly stats: QueueStats;
  readonly onChanged: () => void;
}

function QueueCard({ queue, stats, onChanged }: QueueCardProps) {
  const { client, announce } = useConsole();
  const [error, setError] = useState<Error | null>(null);
  // Every poll draws the field anew: what somebody is typing stays until the field is left.
  const [typedSlots, setTypedSlots] = useState<string | null>(null);
  const change = (update: QueueUpdate, words: string) => {
    client.queues.update(queue.name, update).then(
      () => {
        setError(null);
        announce(words);
        onChanged();
      },
      (problem: unknown) => setError(asError(problem)),
    );
  };
  const { counts, oldestPendingAgeMs, oldestPendingTaskId, throughput } = stats;
  return (
    <article class="card" aria-label={`Queue ${queue.name}`}>
      <div class="card-head">
        <h3>{queue.name}</h3>
        {queue.paused && <span class="pill pill-lost">paused</span>}
      </div>
      <p>{whyWaiting(queue, stats)}</p>
      <BudgetBar
        label="Slots"
        used={String(stats.running)}
        cap={String(queue.concurrency)}
        share={queue.concurrency === 0 ? 1 : stats.running / queue.concurrency}
      />
      <Facts
        facts={[
          ['Waiting', String(counts.pending)],
          [
            'Oldest waits',
            oldestPendingAgeMs !== null && oldestPendingTaskId !== null ? (
              <Link key="oldest" to={{ page: 'task', id: oldestPendingTaskId, at: null }}>
                {spell(oldestPendingAgeMs)}
              </Link>
            ) : null,
          ],
          [
            'Needs somebody',
            counts.failed + counts.blocked > 0 ? `${counts.failed} failed, ${counts.blocked} blocked` : null,
          ],
          ['Last hour', `${throughput.completedLastHour} done, ${throughput.failedLastHour} failed`],
        ]}
      />
      {error !== null && <Problem error={error} />}
      <div class="actions">
        <button
          type="button"
          onClick={() => change({ paused: !queue.paused }, queue.paused ? 'queue resumed' : 'queue paused')}
        >
          {queue.paused ? `Resume, ${counts.pending} waiting` : 'Pause'}
        </button>
        <label class="inline-field">
          Slots
          <input
            type="number"
            min={0}
            max={1000}
            value={typedSlots ?? queue.concurrency}
            onInput={(event) => setTypedSlots(event.currentTarget.value)}
            onBlur={() => setTypedSlots(null)}
            onChange={(event) => change({ concurrency: Number(event.currentTarget.value) }, 'slots changed')}
          />
        </label>
      </div>
    </article>
  );
}
