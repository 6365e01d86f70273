import { useConsole } from '../api/console-context.js';
import { useNow, usePoll } from '../api/use-poll.js';
import { runLook } from '../model/status-look.js';
import { age, spell } from '../model/times.js';
import { Link } from './link.js';
import { Problem } from './problem.js';
import { StatusBadge } from './status-badge.js';

const LIVE = ['running', 'claimed', 'pending'] as const;

/** Runs that live, each with who has it and until when. */
export function RunnersTable() {
  const { client } = useConsole();
  const nowMs = useNow();
  const runs = usePoll(
    async () =>
      (await Promise.all(LIVE.map((status) => client.runs.list({ status, limit: 100 })))).flatMap(({ items }) => items),
    3_000,
    [client],
  );
  if (runs.error !== undefined && runs.data === undefined) return <Problem error={runs.error} retry={runs.refresh} />;
  if (runs.data === undefined) return <p class="empty">Loading…</p>;
  if (runs.data.length === 0) return <p class="empty">No run lives.</p>;
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label="Runs that live">
      <table>
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">State</th>
            <th scope="col">Runner</th>
            <th scope="col">Lease</th>
            <th scope="col">Attempt</th>
            <th scope="col">Age</th>
          </tr>
        </thead>
        <tbody>
          {runs.data.map((run) => (
            <tr key={run.id}>
              <td>
                <Link to={{ page: 'run', id: run.id, at: null }}>
                  <code>…{run.id.slice(-8)}</code>
                </Link>
              </td>
              <td>
                <StatusBadge look={runLook(run)} />
              </td>
              <td>{run.claimedBy === null ? <span class="dim">none yet</span> : <code>{run.claimedBy}</code>}</td>
              <td class="number">{leaseWords(run.leaseExpiresAt, nowMs)}</td>
              <td class="number">
                {run.attempt} of {run.retryPolicy.maxAttempts}
              </td>
              <td class="number">{age(run.createdAt, nowMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function leaseWords(expiresAt: string | null, nowMs: number): string {
  if (expiresAt === null) return '–';
  const leftMs = Date.parse(expiresAt) - nowMs;
  return leftMs > 0 ? `${spell(leftMs)} left` : `over for ${spell(-leftMs)}`;
}
