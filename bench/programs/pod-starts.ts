// Measures starts of runners in Pods of a cluster of its own, or of KUBECONFIG's as the tests take it. See docs/benchmarks.md.
import { ClusterFixture } from '../../test/kubernetes/on-cluster/cluster-fixture.js';
import { startClusterManager, type ClusterManager } from '../../test/kubernetes/on-cluster/manager-fixture.js';
import { eventually, type Api, type Loose } from '../../test/support/api.js';
import { mochaGlobalTeardown as stopAll } from '../../test/support/shared.js';
import { median, quantile } from '../statistics.js';

const ROUNDS = Number(process.argv[2] ?? 20);
const IDLE_MS = 3_000;
const WAIT_MS = 120_000;
/** What every Pod gets anyway: said of a run, it is one that no waiting Pod fits. */
const RESOURCES = { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '512Mi' } };
const OF = { tenantId: 'bench', projectId: 'bench', backendProfile: 'exec' };

/** Milliseconds from the first request until the runner had the run, and until its agent's first word. */
interface Start {
  readonly claimedMs: number;
  readonly firstMs: number;
}

/** Told to end, it ends with its round, and takes its cluster away. */
let isOver = false;
process.once('SIGINT', () => (isOver = true));

const series = new Map<string, Start[]>();

function note(name: string, start: Start): void {
  series.set(name, [...(series.get(name) ?? []), start]);
  console.error(`${name}: claimed ${Math.round(start.claimedMs)} ms, first output ${Math.round(start.firstMs)} ms`);
}

/** By the times that the events were written at, on the one clock of this machine. */
async function startOf(api: Api, runId: string, commandId: string, sentAt: number): Promise<Start> {
  const isFirst = ({ type, payload }: Loose) => type === 'command_output' && payload.commandId === commandId;
  const events = await eventually(
    async () => api.events(runId),
    (all) => all.some(isFirst),
    WAIT_MS,
  );
  const at = (event: Loose) => Date.parse(event.createdAt) - sentAt;
  const claimed = events.find(({ payload }: Loose) => payload.phase === 'runner-claim-accepted');
  return { claimedMs: at(claimed), firstMs: at(events.find(isFirst)) };
}

async function untilGone(api: Api, runId: string): Promise<void> {
  await eventually(
    async () => (await api.get(`/api/v1/runs/${runId}/runner-jobs`)).items,
    (jobs: Loose[]) => jobs.every(({ finishedAt }) => finishedAt !== null),
    WAIT_MS,
  );
}

async function untilWarm({ manager }: ClusterManager, count: number): Promise<void> {
  await eventually(
    async () =>
      manager.database.query(`SELECT FROM warm_runners WHERE state = 'waiting' AND asked_at > now() - interval '25 s'`),
    (rows) => rows.length >= count,
    WAIT_MS,
  );
}

async function loneRun(api: Api, job: object): Promise<{ runId: string; start: Start; how: string }> {
  const sentAt = Date.now();
  const run = await api.post('/api/v1/runs', { ...OF, endsWithTurn: true });
  const turn = await api.addTurn(run.id, 'echo first');
  await api.post(`/api/v1/runs/${run.id}/runner-jobs`, job);
  const start = await startOf(api, run.id, turn.id, sentAt);
  const [{ start: how }] = (await api.get(`/api/v1/runs/${run.id}/runner-jobs`)).items;
  await untilGone(api, run.id);
  return { runId: run.id, start, how };
}

async function send(api: Api, sessionId: string): Promise<{ runId: string; start: Start }> {
  const sentAt = Date.now();
  const { run, command } = await api.post(`/api/v1/sessions/${sessionId}/send`, { prompt: 'echo again', run: OF });
  return { runId: run.id, start: await startOf(api, run.id, command.id, sentAt) };
}

async function lone(started: ClusterManager, round: number): Promise<void> {
  for (const job of round % 2 === 0 ? [{}, { resources: RESOURCES }] : [{ resources: RESOURCES }, {}]) {
    await untilWarm(started, 2);
    const { start, how } = await loneRun(started.api, job);
    note(`a run outside sessions, ${how}`, start);
  }
}

async function session({ api }: ClusterManager, round: number): Promise<void> {
  const sessionId = `bench-${process.pid}-${round}`;
  const first = await send(api, sessionId);
  note('a session: its first send', first.start);
  const live = await send(api, sessionId);
  if (live.runId === first.runId) note('a session: a send to its idle runner', live.start);
  await untilGone(api, live.runId);
  const again = await send(api, sessionId);
  note('a session: a send after its Job ended', again.start);
  await untilGone(api, again.runId);
  await eventually(
    async () => api.request('DELETE', `/api/v1/sessions/${sessionId}/storage`),
    ({ status }) => status === 200,
  );
}

function tell(): void {
  console.log(
    '| | n | until claimed: p50, p99 | until the agent’s first output: p50, p99 |\n| --- | --- | --- | --- |',
  );
  for (const [name, starts] of series) {
    const words = (values: number[]) => `${Math.round(median(values))} ms, ${Math.round(quantile(values, 0.99))} ms`;
    const claimed = words(starts.map(({ claimedMs }) => claimedMs));
    console.log(`| ${name} | ${starts.length} | ${claimed} | ${words(starts.map(({ firstMs }) => firstMs))} |`);
  }
}

const fixture = await ClusterFixture.create();
const started = await startClusterManager(fixture, {
  AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: String(IDLE_MS),
  AGENTRUN_WARM_RUNNERS_JSON: '[{"backend":"exec","size":2}]',
});
try {
  for (let round = 0; round < ROUNDS && !isOver; round += 1) {
    await lone(started, round);
    await session(started, round);
  }
} finally {
  tell();
  await started.manager.stop();
  // With all that is in it.
  await fixture.cluster.core.deleteNamespace({ name: fixture.namespace });
  await stopAll();
}
