import assert from 'node:assert/strict';
import { CLUSTER_START_TIMEOUT_MS, hasPods, ownsCluster } from '../kubernetes/cluster/test-cluster.js';
import { eventually, type Api } from '../support/api.js';
import { untilEnded, untilPrinted } from '../support/live-runner.js';
import { Installation } from './installation.js';

const RUN = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
/** A Pod is placed, its volume mounted, its containers started: on a busy machine. */
const STARTED_MS = 60_000;

// By addresses of this machine: a given cluster would need a network that reaches it.
if (hasPods() && ownsCluster()) {
  describe('AgentRun, installed by its chart', function () {
    this.timeout(240_000);
    let installed: Installation;
    let api: Api;

    before(async function () {
      this.timeout(CLUSTER_START_TIMEOUT_MS);
      installed = await Installation.create();
      await installed.apply().catch(async (error: unknown) => {
        throw new Error(`${String(error)}\n${await installed.logs('api')}\n${await installed.logs('worker')}`);
      });
      api = await installed.api();
    });
    after(async () => installed.remove());

    it('has two of each part, all ready, over the schema that its hook made', async () => {
      assert.deepEqual(await installed.readyReplicas(), { 'agentrun-mgr': 2, 'agentrun-worker': 2 });
      const health = await api.get('/health/readiness');
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
  });
}
