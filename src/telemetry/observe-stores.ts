import type { RunSnapshot } from '../domain/run-snapshot.js';
import { runnerJobId } from '../domain/ids.js';
import type { EventStore } from '../ports/event-store.js';
import type { RunStore } from '../ports/run-store.js';
import type { RunnerJobStore } from '../ports/runner-job-store.js';
import type { Telemetry } from './telemetry.js';
import { eventSpan } from './span-names.js';
import { currentTrace } from './tracing.js';

interface Told {
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

type Stores = { readonly runs: RunStore; readonly events: EventStore; readonly jobs: RunnerJobStore };

/** The same stores, telling what is written: the workflow's decisions, and what runners append. Telling never fails what it tells of. */
export function observeStores({ runs, events, jobs }: Stores, telemetry: Telemetry): Pick<Stores, 'runs' | 'events'> {
  const spans = async (runId: string, told: readonly Told[]) => recordSpans(telemetry, runId, told);
  return {
    runs: {
      ...runs,
      async projectRun(snapshot) {
        const news: RunSnapshot[] = [];
        const result = await withinSpan(telemetry, snapshot, async () =>
          runs.projectRun(snapshot, (written) => news.push(written)),
        );
        for (const written of news) {
          countDecisions(telemetry, written);
          // What has to be read for it nobody waits for.
          if (written.events.some(isClaim))
            void unfailing(telemetry, async () => measureClaim({ runs, jobs }, telemetry, written));
          await unfailing(telemetry, async () => spans(written.runId, written.events));
        }
        return result;
      },
    },
    events: {
      ...events,
      async append(request) {
        const records = await events.append(request);
        for (const [type, count] of byType(records))
          telemetry.metrics.count('agentrun_events_appended_total', { type }, count);
        await unfailing(telemetry, async () => {
          await spans(request.runId, request.events);
          for (const event of request.events) if (isDelivery(event)) await measureSteer(runs, telemetry, event);
        });
        return records;
      },
    },
  };
}

/** What nobody is traced for has none. */
async function withinSpan<T>({ tracing }: Telemetry, { runId }: RunSnapshot, work: () => Promise<T>): Promise<T> {
  if (currentTrace() === undefined) return work();
  return tracing.span('projection_sync', { attributes: { runId } }, work);
}

function byType(records: readonly { readonly type: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { type } of records) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}

async function unfailing(telemetry: Telemetry, work: () => Promise<void>): Promise<void> {
  await work().catch((error: unknown) => telemetry.warn('something that happened could not be told', error));
}

async function recordSpans({ tracing, traces }: Telemetry, runId: string, told: readonly Told[]): Promise<void> {
  if (!tracing.isOn) return;
  const found = told.flatMap((event) => eventSpan(event) ?? []);
  if (found.length === 0) return;
  const place = await traces.placeOf(runId);
  for (const { name, isError, attributes } of found) {
    tracing.record(name, { ...place, isError, attributes: { runId, ...attributes } });
  }
}

function countDecisions({ metrics }: Telemetry, snapshot: RunSnapshot): void {
  for (const { type, payload } of snapshot.events) {
    metrics.count('agentrun_events_appended_total', { type });
    if (type === 'terminal_status') {
      const labels = { status: word(payload['terminalStatus']), failure_kind: word(payload['failureKind']) };
      metrics.count('agentrun_runs_ended_total', labels);
    }
    if (payload['phase'] !== 'attempt-lost') continue;
    const reason = word(payload['reason']);
    metrics.count('agentrun_attempts_lost_total', { reason });
    if (reason === 'lease-expired') metrics.count('agentrun_lease_expiries_total');
  }
}

function isClaim({ payload }: Told): boolean {
  return payload['phase'] === 'runner-claim-accepted';
}

function isDelivery({ payload }: Told): boolean {
  return payload['phase'] === 'steer-delivered';
}

/** From when the attempt's Job was asked for; of a first attempt without one, from when the run was made. */
async function measureClaim(
  { runs, jobs }: Pick<Stores, 'runs' | 'jobs'>,
  { metrics }: Telemetry,
  { runId, attempt, atMs }: RunSnapshot,
): Promise<void> {
  const job = await jobs.get(runnerJobId(runId, attempt));
  const since = job?.createdAt ?? (attempt === 1 ? (await runs.getRun(runId, 'all'))?.createdAt : undefined);
  if (since !== undefined)
    metrics.observe('agentrun_claim_latency_seconds', Math.max(0, atMs - Date.parse(since)) / 1_000);
}

async function measureSteer(runs: RunStore, { metrics }: Telemetry, { payload }: Told): Promise<void> {
  const { commandId } = payload;
  if (typeof commandId !== 'string') return;
  const steer = await runs.getCommand(commandId, 'all');
  if (steer?.type !== 'steer') return;
  metrics.observe('agentrun_steer_latency_seconds', Math.max(0, Date.now() - Date.parse(steer.createdAt)) / 1_000);
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : 'none';
}
