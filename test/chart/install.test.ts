import assert from 'node:assert/strict';
import { CLUSTER_START_TIMEOUT_MS, hasPods, ownsCluster } from '../kubernetes/cluster/test-cluster.js';
import { eventually, type Api } from '../support/api.js';
import { startTurn, untilEnded, untilPrinted } from '../support/live-runner.js';
import { startMockProvider } from '../support/mock-provider.js';
import { text } from '../support/mock-provider/answers.js';
import { Installation } from './installation.js';
import { Load } from './load.js';
import { TcpRelay, type Target } from './tcp-relay.js';

const RUN = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
/** A Pod is placed, its volume mounted, its containers started: on a busy machine. */
const STARTED_MS = 180_000;
const RUNS = 2;
/** A line a second: longer than it takes to replace everything. */
const LINES = 150;

// By addresses of this machine: a given cluster would need a network that reaches it.
if (hasPods() && ownsCluster()) {
  describe('AgentRun, installed by its chart', function () {
    this.timeout(800_000);
    let installed: Installation;
    let api: Api;
    const loads: Load[] = [];

    before(async function () {
      this.timeout(CLUSTER_START_TIMEOUT_MS);
      installed = await Installation.create();
      await installed.apply().catch(async (error: unknown) => {
        throw new Error(`${String(error)}\n${await installed.logs('api')}\n${await installed.logs('worker')}`);
      });
      api = await installed.api();
    });
    after(async () => {
      for (const load of loads) await load.close();
      await installed.remove();
    });

    it('has two of each part, all ready, over the schema that its hook made', async () => {
      const replicas = await eventually(
        async () => installed.readyReplicas(),
        (ready) => Object.values(ready).every((count) => count === 2),
        STARTED_MS,
      );
      assert.deepEqual(replicas, { 'agentrun-mgr': 2, 'agentrun-worker': 2 });
      const { body } = await eventually(
        async () => api.request('GET', '/health/readiness'),
        ({ status }) => status === 200,
        STARTED_MS,
      );
      const health = body.data;
      assert.deepEqual([health.ready, health.platform], [true, { kind: 'kubernetes', ready: true }]);
    });

    it('does a run in a Pod of the runner image, which has what agents need', async () => {
      const run = await api.createRun({ endsWithTurn: true });
      const tools =
        'id -u; git --version; bash --version | head -1; ssh -V 2>&1; ls $AGENTRUN_CACHE_DIR/codex; echo over';
      const turn = await api.addTurn(run.id, tools);
      await api.post(`/api/v1/runs/${run.id}/runner-jobs`);
      const printed = await untilPrinted(api, turn, 'over', STARTED_MS);
      assert.match(printed, /^1000\ngit version [\d.]+\nGNU bash[^]*OpenSSH[^]*\nover/);
      const ended = await untilEnded(api, run.id, STARTED_MS);
      assert.deepEqual([ended.status, ended.attempt], ['completed', 1]);
    });

    it('resumes a session in a later run', async () => {
      const send = async (prompt: string) => api.post('/api/v1/sessions/kept/send', { prompt, run: RUN });
      const first = await send('echo first > kept; echo written');
      await untilPrinted(api, first.command, 'written', STARTED_MS);
      await untilEnded(api, first.run.id, STARTED_MS);
      const second = await send('cat kept');
      assert.notEqual(second.run.id, first.run.id);
      await untilPrinted(api, second.command, 'first', STARTED_MS);
      await untilEnded(api, second.run.id, STARTED_MS);
    });

    it('resumes a thread of codex in a later run, with the program of the image', async () => {
      const provider = await startMockProvider([text('first answer'), text('second answer')]);
      const relay = await TcpRelay.listen(installed.hostAddress, () => targetOf(provider.baseUrl));
      try {
        const profile = '/api/v1/provider-profiles/work';
        await api.ok('PUT', `${profile}/config`, { config: configOf(`http://${relay.host}:${relay.port}/v1`) });
        await api.ok('PUT', `${profile}/credential`, { apiKey: 'sk-planted-0123456789' });
        // It names no sandbox: the Pod is it, since a container without rights cannot make another one in itself.
        const run = { ...RUN, backendProfile: 'work' };
        for (const prompt of ['one', 'two']) {
          const sent = await api.post('/api/v1/sessions/codex/send', { prompt, run });
          const ended = await untilEnded(api, sent.run.id, 2 * STARTED_MS);
          assert.equal(ended.status, 'completed', JSON.stringify(await api.get(`/api/v1/runs/${sent.run.id}/result`)));
        }
        assert.deepEqual(provider.conversation(1).slice(-3), ['user: one', 'assistant: first answer', 'user: two']);
      } finally {
        await relay.close();
        await provider.close();
      }
    });

    it('does a task', async () => {
      const task = await api.post('/api/v1/queue/tasks', { ...RUN, payload: { prompt: 'echo done' } });
      await api.post(`/api/v1/queue/tasks/${task.id}/dispatch`);
      const ended = await eventually(
        async () => api.get(`/api/v1/queue/tasks/${task.id}`),
        ({ state }) => ['completed', 'failed', 'blocked', 'cancelled'].includes(state),
        STARTED_MS,
      );
      assert.equal(ended.state, 'completed', JSON.stringify(ended));
    });

    it('loses nothing when every Pod of it is replaced under load', async function () {
      // Helm gives the Pods ten minutes, and what they worked on comes to its end after that.
      this.timeout(1_200_000);
      const before = { keys: await installed.keys(), pods: await bothParts() };
      const load = new Load(api, before.keys['operator-token'] ?? '', RUN);
      loads.push(load);
      for (let count = 0; count < RUNS; count += 1) await load.startRun(LINES);
      await Promise.all(load.runs.map(async ({ id }) => untilRunning(id)));
      load.start();
      const startedAt = performance.now();
      await installed.apply('once').finally(async () => load.stop());
      const seconds = Math.round((performance.now() - startedAt) / 1_000);
      await eventually(
        async () => (await bothParts()).filter((name) => before.pods.includes(name)),
        (left) => left.length === 0,
        STARTED_MS,
      );
      assert.deepEqual(load.failures, []);
      // A machine that starts six processes at once may keep PostgreSQL waiting.
      assert.ok(load.repeated < load.asked / 5, `${load.repeated} of ${load.asked} were answered by 503`);
      for (const { id, reader } of load.runs) {
        const ended = await untilEnded(api, id, 2 * STARTED_MS);
        assert.deepEqual([ended.status, ended.attempt], ['completed', 1]);
        const events = await api.events(id);
        const printed = events
          .filter(({ type }) => type === 'command_output')
          .map(({ payload }) => payload.text as string);
        assert.equal(printed.join(''), Array.from({ length: LINES }, (_, index) => `line ${index + 1}\n`).join(''));
        await reader.ended();
        assert.deepEqual(
          reader.seqs,
          events.map(({ seq }) => seq as number),
        );
      }
      for (const id of load.tasks) {
        const task = await eventually(
          async () => api.get(`/api/v1/queue/tasks/${id}`),
          ({ state }) => state === 'completed' || state === 'failed',
          2 * STARTED_MS,
        );
        assert.deepEqual([task.state, task.latestAttempt.attempt], ['completed', 1]);
      }
      // Others would have ended every runner's token.
      assert.deepEqual(await installed.keys(), before.keys);
      console.log(
        `      replaced in ${seconds} s; ${load.asked} requests (${load.repeated} again), ${load.runs.length} runs, ${load.tasks.length} tasks meanwhile`,
      );
    });

    it('sees on by another worker when the one that watches is killed', async () => {
      const { run, turn } = await startTurn(
        api,
        'echo try >> tries; wc -l < tries; test $(wc -l < tries) -gt 1 || sleep 120',
      );
      await untilPrinted(api, turn, '1', STARTED_MS);
      const watcher = await installed.workerThatWatches();
      await installed.killPod(watcher);
      const labelSelector = `agentrun.dev/run=${run.id}`;
      const { namespace, cluster } = installed.fixture;
      await cluster.core.deleteCollectionNamespacedPod({ namespace, labelSelector });
      const ended = await untilEnded(api, run.id, 2 * STARTED_MS);
      assert.deepEqual([ended.status, ended.attempt], ['completed', 2]);
      assert.notEqual(await installed.workerThatWatches(), watcher);
    });

    const bothParts = async () => [...(await installed.podsOf('api')), ...(await installed.podsOf('worker'))];
    const untilRunning = async (id: string) =>
      eventually(
        async () => api.get(`/api/v1/runs/${id}`),
        ({ status }) => status === 'running',
        2 * STARTED_MS,
      );
  });
}

function targetOf(url: string): Target {
  const { hostname: host, port } = new URL(url);
  return { host, port: Number(port) };
}

function configOf(baseUrl: string): string {
  return [
    'model = "mock-model"',
    'model_provider = "mock"',
    '[model_providers.mock]',
    'name = "Mock"',
    `base_url = "${baseUrl}"`,
    'env_key = "MOCK_KEY"',
    'request_max_retries = 0',
  ].join('\n');
}
