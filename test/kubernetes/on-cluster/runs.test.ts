import assert from 'node:assert/strict';
import type { V1PodStatus } from '@kubernetes/client-node';
import { setTimeout as delay } from 'node:timers/promises';
import { runVolumeName } from '../../../src/domain/volume-names.js';
import { eventually, type Api, type Loose } from '../../support/api.js';
import { startTurn, untilEnded, untilPrinted } from '../../support/live-runner.js';
import { makeSshKey, secretLineOf } from '../../support/ssh-git-server.js';
import { CLUSTER_START_TIMEOUT_MS, hasPods, ownsCluster } from '../cluster/test-cluster.js';
import { ClusterFixture } from './cluster-fixture.js';
import { startClusterManager, type ClusterManager } from './manager-fixture.js';

const RUN = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
/** A Pod is placed, its volume mounted, its containers started: on a busy machine. */
const STARTED_MS = 180_000;
/** Longer than all that a test waits for: what goes on within a test did not wait for a lease. */
const LEASE_MS = 1_800_000;
/** Its first try waits for somebody to end it. */
const TWO_TRIES = 'echo try >> tries; wc -l < tries; test $(wc -l < tries) -gt 1 || sleep 120';
/** How a cluster ends Pods that run, by the reason that is told of them. */
const TAKEN_AWAY: Readonly<Record<string, V1PodStatus>> = {
  Evicted: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' },
  NodeLost: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager' }] },
};

if (hasPods()) {
  describe('runs in Pods', function () {
    this.timeout(600_000);
    let fixture: ClusterFixture;
    let started: ClusterManager;
    let api: Api;

    before(async function () {
      this.timeout(CLUSTER_START_TIMEOUT_MS);
      fixture = await ClusterFixture.create();
      started = await startClusterManager(fixture, {
        AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '2000',
        AGENTRUN_RUNNER_LEASE_MS: String(LEASE_MS),
      });
      api = started.api;
    });
    afterEach(async function () {
      // What a test that failed was in the middle of is nobody's leftover.
      if (this.currentTest?.state === 'passed') await fixture.untilRunsAreCleared(STARTED_MS);
      await fixture.clear();
      await fixture.assertNothingLeft();
    });
    after(async () => {
      await started.stop();
      await fixture.dispose();
    });

    const start = (prompt: string, given: Loose = {}, job: Loose = {}) => startTurn(api, prompt, given, job);
    const podsOf = async (runId: string) => {
      const labelSelector = `agentrun.dev/run=${runId}`;
      return (await fixture.cluster.core.listNamespacedPod({ namespace: fixture.namespace, labelSelector })).items;
    };
    const phases = async (runId: string) =>
      (await api.events(runId)).map(({ payload }) => payload.phase as string | undefined);

    it('do a turn without rights, leave nothing but the volume, and find no token that their agent could read', async () => {
      const script =
        'id -u; touch /x 2>/dev/null; echo root $?; find /run/agentrun -type f | wc -l; env | grep -c TOKEN';
      const { run, turn } = await start(`${script}; true`);
      const printed = await untilPrinted(api, turn, '\n0\n0\n', STARTED_MS);
      assert.equal(printed, '1000\nroot 1\n0\n0\n');
      assert.equal((await untilEnded(api, run.id, STARTED_MS)).status, 'completed');
      const volume = runVolumeName({ runId: run.id, sessionId: null });
      await eventually(
        async () => fixture.leftovers(),
        (left) => left.length === 1 && left[0] === `PersistentVolumeClaim/${volume}`,
        STARTED_MS,
      );
      const [job] = (await api.get(`/api/v1/runs/${run.id}/runner-jobs`)).items;
      assert.deepEqual([job.status, job.namespace], ['succeeded', fixture.namespace]);
    });

    it('find in a later run of the session what an earlier one left, and lose it with the session', async () => {
      const sessionId = 'kept-over-runs';
      const send = async (prompt: string) => api.post(`/api/v1/sessions/${sessionId}/send`, { prompt, run: RUN });
      const first = await send('echo first > kept; echo written');
      await untilPrinted(api, first.command, 'written', STARTED_MS);
      await untilEnded(api, first.run.id, STARTED_MS);
      const second = await send('cat kept');
      assert.notEqual(second.run.id, first.run.id);
      await untilPrinted(api, second.command, 'first', STARTED_MS);
      const storage = await api.get(`/api/v1/sessions/${sessionId}/storage`);
      assert.deepEqual(
        [storage.namespace, storage.pvcName, storage.pvcPhase],
        [fixture.namespace, runVolumeName({ runId: '', sessionId }), 'Bound'],
      );
      await untilEnded(api, second.run.id, STARTED_MS);
      // Its last runner may be ending yet.
      await eventually(
        async () => api.request('DELETE', `/api/v1/sessions/${sessionId}/storage`),
        ({ status }) => status === 200,
        STARTED_MS,
      );
      await eventually(
        async () => fixture.leftovers(),
        (left) => left.length === 0,
        STARTED_MS,
      );
    });

    it('are collected with their session when its time is over', async () => {
      const { pvc } = await api.post('/api/v1/sessions', { sessionId: 'over', ...RUN, expiresAt: soon() });
      assert.equal(pvc.namespace, fixture.namespace);
      const report = await eventually(
        async () => api.post('/api/v1/sessions/storage/gc'),
        ({ items }) => items.some((item: Loose) => item.sessionId === 'over' && item.outcome === 'evicted'),
        STARTED_MS,
      );
      assert.equal(report.failed, 0);
      assert.deepEqual(await fixture.leftovers(), []);
    });

    /** That another attempt took it up where the first one was; answers that one's Job. */
    const wentOn = async (runId: string): Promise<Loose> => {
      const ended = await untilEnded(api, runId, STARTED_MS);
      assert.deepEqual([ended.status, ended.attempt], ['completed', 2]);
      const threads = (await api.events(runId)).flatMap(({ payload }) => payload.threadId ?? []);
      assert.equal(new Set(threads).size, 1);
      return (await api.get(`/api/v1/runs/${runId}/runner-jobs`)).items[0];
    };

    it('go on in the same thread when a Pod is deleted in the middle of a turn', async () => {
      const { run, turn } = await start(TWO_TRIES);
      await untilPrinted(api, turn, '1', STARTED_MS);
      const [pod] = await podsOf(run.id);
      await fixture.cluster.core.deleteNamespacedPod({ name: pod!.metadata!.name!, namespace: fixture.namespace });
      await eventually(
        async () => phases(run.id),
        (all) => all.includes('attempt-lost'),
        STARTED_MS,
      );
      const lost = await wentOn(run.id);
      // The kubelet told how it ended: the cluster's own clean-up, which may come 20 s later, would not know.
      assert.equal(typeof lost.exitCode, 'number', JSON.stringify(lost));
      const tail = (await api.events(run.id)).find(({ payload }) => payload.phase === 'runner-log-tail');
      assert.match(tail?.payload.text, /told to end/);
    });

    it('go on in the same thread when their Pod is evicted or its Node is lost, without waiting for a lease', async () => {
      const goesOn = async ([reason, status]: [string, V1PodStatus]) => {
        const { run, turn } = await start(TWO_TRIES);
        await untilPrinted(api, turn, '1', STARTED_MS);
        const [pod] = await podsOf(run.id);
        await fixture.sayOfPod(pod!.metadata!.name!, status);
        const lost = await wentOn(run.id);
        assert.equal(lost.reason, reason, JSON.stringify(lost));
        const { timeline } = await api.get(`/api/v1/runs/${run.id}/explain`);
        assert.ok(
          timeline.some(({ text }: Loose) => text.includes(reason)),
          JSON.stringify(timeline),
        );
      };
      await Promise.all(Object.entries(TAKEN_AWAY).map(goesOn));
    });

    it('say while they wait that no Node has room for them, and what to do', async () => {
      const { run } = await start('echo never', {}, { resources: { requests: { cpu: '1000' } } });
      const { diagnosis, next } = await eventually(
        async () => api.get(`/api/v1/runs/${run.id}/explain`),
        (explained) => explained.diagnosis.includes('Unschedulable'),
        STARTED_MS,
      );
      assert.match(diagnosis, /\(Unschedulable: .*Insufficient cpu.*\) and has not claimed.*; wait, or ask for less/);
      assert.equal(next[0].action, 'inspect-runner-job');
      const job = await api.get(`/api/v1/runs/${run.id}/runner-jobs/${next[0].runnerJobId}`);
      assert.match(job.message, /Insufficient cpu/);
      await api.post(`/api/v1/runs/${run.id}/cancel`);
      assert.equal((await untilEnded(api, run.id, STARTED_MS)).status, 'cancelled');
    });

    it('fail with the words of the quota that has no room for their Job, or their Pod', async () => {
      const under = async (name: string, what: string): Promise<Loose> => {
        let explained: Loose;
        await fixture.withQuota(name, { [what]: '0' }, async () => {
          const { run } = await start('echo never', { retryPolicy: { maxAttempts: 1 } });
          assert.equal((await untilEnded(api, run.id, STARTED_MS)).failureKind, 'runner-start-failed');
          explained = await eventually(
            async () => api.get(`/api/v1/runs/${run.id}/explain`),
            ({ diagnosis }) => diagnosis.includes(`exceeded quota: ${name}`),
          );
        });
        return explained;
      };
      const jobs = await under('no-jobs', 'count/jobs.batch');
      assert.match(
        jobs.diagnosis,
        /the namespace's quota has no room for the Job .*: exceeded quota: no-jobs, requested/,
      );
      assert.match(jobs.diagnosis, /see to what kept its Job from being made, then start the run again\.$/);
      const pods = await under('no-pods', 'pods');
      assert.match(pods.diagnosis, /\(PodRefused\): .*exceeded quota: no-pods.*; raise the quota of the namespace/);
      assert.equal(pods.next[0].action, 'raise-quota');
    });

    it('are handed the credentials of their policy by reference, and nobody reads them in a Job', async () => {
      const key = makeSshKey('deploy@example.com');
      await api.ok('PUT', '/api/v1/tool-credentials/github-ssh/credential', { privateKey: key.private });
      const lent = { executionPolicy: { secretScope: { toolCredentials: ['github-ssh'] } } };
      const { run, turn } = await start('echo ${GIT_SSH_COMMAND:-none}; sleep 5', lent);
      assert.match(await untilPrinted(api, turn, '\n', STARTED_MS), /^ssh /);
      const { namespace } = fixture;
      const objects = [await podsOf(run.id), (await fixture.cluster.batch.listNamespacedJob({ namespace })).items];
      assert.ok(!JSON.stringify(objects).includes(secretLineOf(key)));
      assert.deepEqual(await outcome(run.id), ['completed', 1]);
    });

    it('say that their memory was too small, and what to do', async () => {
      const tiny = { resources: { requests: { memory: '16Mi' }, limits: { memory: '24Mi' } } };
      const { run } = await start('echo never', { retryPolicy: { maxAttempts: 2, backoffMs: 200 } }, tiny);
      const ended = await untilEnded(api, run.id, 2 * STARTED_MS);
      assert.deepEqual([ended.status, ended.attempt], ['failed', 2]);
      // The kernel decides how far a runner gets in so little memory: now and then it has claimed before it is killed.
      assert.match(ended.failureKind, /^runner-(start-failed|lost)$/);
      const { diagnosis, liveness } = await api.get(`/api/v1/runs/${run.id}/result`);
      assert.match(diagnosis, /more memory than its limit and was killed \(OOMKilled\).*resources\.limits\.memory/);
      assert.equal(liveness.recoveryActions[0].action, 'raise-memory');
    });

    it('fail with the reason when their image is not to be had, without waiting for a deadline', async () => {
      const before = performance.now();
      const missing = { image: '127.0.0.1:1/none:1' };
      const { run } = await start('echo never', { retryPolicy: { maxAttempts: 1 } }, missing);
      const ended = await untilEnded(api, run.id, STARTED_MS);
      assert.equal(ended.failureKind, 'runner-start-failed');
      const { diagnosis } = await api.get(`/api/v1/runs/${run.id}/result`);
      assert.match(diagnosis, /image could not be fetched/);
      assert.ok(performance.now() - before < STARTED_MS);
      const { run: invalid } = await start(
        'echo never',
        { retryPolicy: { maxAttempts: 3 } },
        { image: 'No Such Name' },
      );
      const hopeless = await untilEnded(api, invalid.id, STARTED_MS);
      assert.deepEqual([hopeless.failureKind, hopeless.attempt], ['runner-start-failed', 1]);
    });

    it('are cancelled with their Pod', async () => {
      const { run, turn } = await start('echo begun; sleep 120');
      await untilPrinted(api, turn, 'begun', STARTED_MS);
      await api.post(`/api/v1/runs/${run.id}/cancel`);
      assert.equal((await untilEnded(api, run.id, STARTED_MS)).status, 'cancelled');
      await eventually(
        async () => podsOf(run.id),
        (pods) => pods.length === 0,
        STARTED_MS,
      );
    });

    if (ownsCluster()) {
      it('do not notice that the API server is away for 30 seconds, and those asked for meanwhile come after it', async () => {
        const { run, turn } = await start('for i in $(seq 40); do echo $i; sleep 1; done; echo done');
        await untilPrinted(api, turn, '1\n', STARTED_MS);
        await fixture.test.apiServer!.kill();
        const later = await start('echo later');
        await delay(30_000);
        await fixture.test.apiServer!.startAgain();
        await untilPrinted(api, turn, 'done', STARTED_MS);
        assert.deepEqual(await outcome(run.id), ['completed', 1]);
        assert.deepEqual(await outcome(later.run.id, 4 * STARTED_MS), ['completed', 1]);
      }).timeout(900_000);
    }

    /** With what was said of attempts that were lost. */
    const outcome = async (runId: string, timeoutMs = 2 * STARTED_MS) => {
      const { status, attempt } = await untilEnded(api, runId, timeoutMs);
      const lost = (await api.events(runId)).filter(({ payload }) => payload.phase === 'attempt-lost');
      return [status, attempt, ...lost.map(({ payload }) => payload.message as string)];
    };
  });
}

/** Yet to come when the API reads it, also on a machine that stands still for a while. */
function soon(): string {
  return new Date(Date.now() + 5_000).toISOString();
}
