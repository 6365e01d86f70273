import assert from 'node:assert/strict';
import { eventually, type Api, type Loose } from '../../support/api.js';
import { startTurn, untilEnded, untilPrinted } from '../../support/live-runner.js';
import { CLUSTER_START_TIMEOUT_MS, hasPods } from '../cluster/test-cluster.js';
import { ClusterFixture } from './cluster-fixture.js';
import { startClusterManager, type ClusterManager } from './manager-fixture.js';

const STARTED_MS = 180_000;
const pools = (size: number) => ({ AGENTRUN_WARM_RUNNERS_JSON: JSON.stringify([{ backend: 'exec', size }]) });

interface WarmRow {
  readonly id: string;
  readonly job_name: string;
  readonly volume_name: string;
  readonly state: string;
  readonly is_ready: boolean;
}

if (hasPods()) {
  describe('runners that wait in Pods', function () {
    this.timeout(600_000);
    let fixture: ClusterFixture;
    let started: ClusterManager;
    let api: Api;

    before(async function () {
      this.timeout(CLUSTER_START_TIMEOUT_MS);
      fixture = await ClusterFixture.create();
    });
    after(async () => fixture.dispose());

    const begin = async (size: number, settings: Record<string, string> = {}, parts = {}) => {
      started = await startClusterManager(
        fixture,
        { AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '2000', ...pools(size), ...settings },
        parts,
      );
      api = started.api;
    };
    const rows = async () =>
      started.manager.database.query<WarmRow>(
        'SELECT id, job_name, volume_name, state, asked_at IS NOT NULL AS is_ready FROM warm_runners ORDER BY created_at',
      );
    const ready = async (count: number) =>
      eventually(
        async () => (await rows()).filter(({ state, is_ready: isReady }) => state === 'waiting' && isReady),
        (all) => all.length === count,
        STARTED_MS,
      );
    const start = (prompt: string, given: Loose = {}, job: Loose = {}) => startTurn(api, prompt, given, job);
    const jobsOf = async (runId: string): Promise<Loose[]> =>
      (await api.get(`/api/v1/runs/${runId}/runner-jobs`)).items;

    describe('kept by a manager', () => {
      before(async () => begin(2));
      after(async () => {
        await started.manager.stop();
        await fixture.clear();
        await fixture.assertNothingLeft();
      });

      it('are of nobody, serve one run, and are made up for', async () => {
        const waiting = await ready(2);
        const { namespace } = fixture;
        const labelSelector = 'agentrun.dev/warm-runner';
        const { items } = await fixture.cluster.core.listNamespacedPod({ namespace, labelSelector });
        assert.equal(items.length, 2);
        for (const { metadata } of items) {
          assert.equal(metadata?.labels?.['agentrun.dev/tenant'], undefined);
          assert.equal(metadata?.labels?.['agentrun.dev/run'], undefined);
        }
        const { run, turn } = await start('find /run/agentrun -type f | wc -l; env | grep -c TOKEN; true');
        assert.equal(await untilPrinted(api, turn, '0\n0\n', STARTED_MS), '0\n0\n');
        assert.equal((await untilEnded(api, run.id, STARTED_MS)).status, 'completed');
        const [job] = await eventually(
          async () => jobsOf(run.id),
          ([first]) => first?.['status'] === 'succeeded',
          STARTED_MS,
        );
        const used = waiting.find(({ job_name: name }) => name === job?.['jobName']);
        assert.equal(job?.['start'], 'warm');
        assert.ok(used !== undefined);
        const { timeline } = await api.get(`/api/v1/runs/${run.id}/explain`);
        assert.ok(timeline.some(({ text }: Loose) => /a runner that waited took it/.test(text)));
        const again = await ready(2);
        assert.ok(again.every(({ id }) => id !== used.id));
        await eventually(
          async () => fixture.leftovers(),
          (left) => left.every((name) => !name.includes(used.job_name)),
          STARTED_MS,
        );
        // Its volume is the run's now.
        assert.ok((await fixture.leftovers()).includes(`PersistentVolumeClaim/${used.volume_name}`));
      });

      it('go on in their volume by another attempt when their Pod is deleted', async () => {
        await ready(2);
        const { run, turn } = await start('echo try >> tries; wc -l < tries; test $(wc -l < tries) -gt 1 || sleep 120');
        await untilPrinted(api, turn, '1', STARTED_MS);
        const [job] = await jobsOf(run.id);
        assert.equal(job?.['start'], 'warm');
        const { namespace } = fixture;
        const labelSelector = `batch.kubernetes.io/job-name=${job?.['jobName']}`;
        await fixture.cluster.core.deleteCollectionNamespacedPod({ namespace, labelSelector });
        const ended = await untilEnded(api, run.id, STARTED_MS);
        assert.deepEqual([ended.status, ended.attempt], ['completed', 2]);
        assert.equal((await jobsOf(run.id))[1]?.['start'], 'cold');
        const threads = (await api.events(run.id)).flatMap(({ payload }) => payload.threadId ?? []);
        assert.equal(new Set(threads).size, 1);
      });

      it('are not for sessions, nor for runs that want a Pod of their own', async () => {
        await ready(2);
        const sessionId = 'of-its-own';
        const RUN = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
        const sent = await api.post(`/api/v1/sessions/${sessionId}/send`, { prompt: 'echo session', run: RUN });
        const mine = await start('echo mine', {}, { resources: { limits: { memory: '300Mi' } } });
        await untilPrinted(api, sent.command, 'session', STARTED_MS);
        await untilPrinted(api, mine.turn, 'mine', STARTED_MS);
        for (const runId of [sent.run.id, mine.run.id]) assert.equal((await jobsOf(runId))[0]?.['start'], 'cold');
        assert.equal((await ready(2)).length, 2);
        await untilEnded(api, sent.run.id, STARTED_MS);
      });

      it('give their agent what the run asks to be in its environment', async () => {
        await ready(2);
        const { run, turn } = await start('echo "$GREETING"', {}, { env: { GREETING: 'hello' } });
        await untilPrinted(api, turn, 'hello', STARTED_MS);
        assert.equal((await jobsOf(run.id))[0]?.['start'], 'warm');
        await untilEnded(api, run.id, STARTED_MS);
      });

      it('are replaced when their Pod dies while they wait', async () => {
        const [victim] = await ready(2);
        const { namespace } = fixture;
        const labelSelector = `agentrun.dev/warm-runner=${victim?.id}`;
        await fixture.cluster.core.deleteCollectionNamespacedPod({ namespace, labelSelector });
        await eventually(
          async () => rows(),
          (all) => all.every(({ id }) => id !== victim?.id),
          STARTED_MS,
        );
        await eventually(
          async () => fixture.leftovers(),
          (left) => left.every((name) => !name.includes(victim?.volume_name ?? '')),
          STARTED_MS,
        );
        await ready(2);
      });

      it('leave nothing when no pool is kept any more', async () => {
        await ready(2);
        await started.manager.leave();
        const { database, temporal, dataDir } = started.manager;
        await begin(0, {}, { database, temporal, dataDir });
        await eventually(
          async () => rows(),
          (all) => all.every(({ state }) => state === 'taken'),
          STARTED_MS,
        );
        await fixture.untilRunsAreCleared(STARTED_MS);
      });
    });

    describe('that cannot start', () => {
      before(async () => begin(2, { AGENTRUN_RUNNER_IMAGE: '127.0.0.1:1/none:1' }));
      after(async () => {
        await started.manager.stop();
        await fixture.clear();
        await fixture.assertNothingLeft();
      });

      it('are not made over and over, and keep no run from its own', async () => {
        const failures = async () =>
          (await started.manager.database.query<{ failures: number }>('SELECT failures FROM warm_pool_failures'))[0]
            ?.failures ?? 0;
        await eventually(failures, (count) => count >= 2, STARTED_MS);
        const { run } = await start('echo never', { retryPolicy: { maxAttempts: 1 } });
        const atOnce: number[] = [];
        const isOver = async () => {
          atOnce.push((await rows()).filter(({ state }) => state === 'waiting').length);
          return (await failures()) >= 3 && (await api.get(`/api/v1/runs/${run.id}`)).failureKind !== null;
        };
        await eventually(isOver, Boolean, STARTED_MS);
        assert.equal((await untilEnded(api, run.id, STARTED_MS)).failureKind, 'runner-start-failed');
        assert.equal((await jobsOf(run.id))[0]?.['start'], 'cold');
        assert.equal(Math.max(...atOnce), 1);
      });
    });
  });
}
