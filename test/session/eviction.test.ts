import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AgentRunError, unavailable } from '../../src/domain/errors.js';
import { evictionWorkflowId, STORAGE_GC_WORKFLOW_ID } from '../../src/domain/ids.js';
import { sessionVolumeName } from '../../src/domain/volume-names.js';
import type { RunnerPlatform, Volumes } from '../../src/ports/runner-platform.js';
import { Api, eventually } from '../support/api.js';
import { connectTemporal } from '../../src/temporal/connection.js';
import { createTestDatabase } from '../support/database.js';
import { untilEnded } from '../support/live-runner.js';
import { startTestManager } from '../support/test-manager.js';
import { withParts } from '../support/with-parts.js';
import { createTestNamespace, startTemporalServer } from '../support/temporal-server.js';

const RUN = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
const SESSION = { sessionId: 'doomed', ...RUN };

function withVolumes(platform: RunnerPlatform, change: Partial<Volumes>): RunnerPlatform {
  return withParts(platform, { volumes: withParts(platform.volumes, change) });
}

describe('the eviction of a session', function () {
  this.timeout(120_000);

  it('is finished by the next manager when its own ended between deciding and deleting', async () => {
    const [database, temporal] = await Promise.all([createTestDatabase(), createTestNamespace()]);
    const refusing = (platform: RunnerPlatform) =>
      withVolumes(platform, {
        delete: async () => {
          throw unavailable('platform');
        },
      });
    const first = await startTestManager({}, { database, temporal, platform: refusing });
    const api = new Api(first.url, first.operatorToken);
    const { pvc } = await api.post('/api/v1/sessions', SESSION);
    const volume = join(first.dataDir, 'volumes', pvc.pvcName);
    const answer = await api.ok('DELETE', '/api/v1/sessions/doomed/storage');
    assert.equal(answer.action, 'session-storage-evicting');
    assert.ok(existsSync(volume));
    const refused = await api.request('POST', '/api/v1/sessions/doomed/send', { prompt: 'echo' });
    assert.equal(refused.body.failureKind, 'session-store-evicted');
    await first.leave();
    const second = await startTestManager({}, { database, temporal, dataDir: first.dataDir });
    try {
      await eventually(
        async () => new Api(second.url, second.operatorToken).get('/api/v1/sessions/doomed/storage'),
        ({ pvcPhase }) => pvcPhase === 'Deleted',
        60_000,
      );
      assert.equal(existsSync(volume), false);
    } finally {
      await second.stop();
    }
  });

  it('says so when it was ended in Temporal, or Temporal went away, before it was done', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'agentrun-eviction-'));
    const server = await startTemporalServer(folder);
    const temporal = { address: server.address, namespace: 'default' };
    let tries = 0;
    const refusing = (platform: RunnerPlatform) =>
      withVolumes(platform, {
        delete: async () => {
          tries += 1;
          throw unavailable('platform');
        },
      });
    const manager = await startTestManager({}, { platform: refusing, temporal });
    const link = connectTemporal(temporal);
    try {
      const api = new Api(manager.url, manager.operatorToken);
      /** Asks, and does something when it is under way. */
      const whileAsking = async (method: string, url: string, act: () => unknown) => {
        const before = tries;
        const asked = api.request(method, url);
        await eventually(
          async () => tries,
          (now) => now > before,
        );
        await act();
        const { status, body } = await asked;
        return [status, body.failureKind, body.message];
      };
      const end = async (workflowId: string) => link.client.workflow.getHandle(workflowId).terminate('by hand');
      await api.post('/api/v1/sessions', SESSION);
      const evict = ['DELETE', '/api/v1/sessions/doomed/storage'] as const;
      assert.deepEqual(await whileAsking(...evict, () => end(evictionWorkflowId('doomed'))), [
        503,
        'infra-failed',
        'the eviction of session doomed was terminated in Temporal before it was done; ask for it again',
      ]);
      const collect = ['POST', '/api/v1/sessions/storage/gc'] as const;
      assert.deepEqual(await whileAsking(...collect, () => end(STORAGE_GC_WORKFLOW_ID)), [
        503,
        'infra-failed',
        'the cycle was terminated in Temporal before it was done; ask for it again',
      ]);
      await end(evictionWorkflowId('doomed'));
      assert.deepEqual(await whileAsking(...evict, () => process.kill(server.pid, 'SIGKILL')), [
        503,
        'infra-failed',
        'Temporal is not reachable; try again',
      ]);
    } finally {
      await link.close();
      await manager.stop();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('waits for no run whose caller was told that Temporal is away', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'agentrun-eviction-'));
    const server = await startTemporalServer(folder);
    const manager = await startTestManager({}, { temporal: { address: server.address, namespace: 'default' } });
    let again = server;
    try {
      const api = new Api(manager.url, manager.operatorToken);
      await api.post('/api/v1/sessions', SESSION);
      await server.stop();
      const sent = await api.request('POST', '/api/v1/sessions/doomed/send', { prompt: 'echo' });
      const made = await api.request('POST', '/api/v1/runs', { ...RUN, sessionRef: { sessionId: 'doomed' } });
      assert.deepEqual([sent.status, made.status], [503, 503]);
      again = await startTemporalServer(folder, Number(server.address.split(':')[1]));
      await eventually(
        async () => api.request('DELETE', '/api/v1/sessions/doomed/storage'),
        ({ status, body }) => status === 409 || body.data?.action === 'session-storage-evicted',
      ).then(({ status }) => assert.equal(status, 200));
    } finally {
      await manager.stop();
      await again.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('waits for the end of the Job, not only of the run', async () => {
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const slow = (platform: RunnerPlatform): RunnerPlatform =>
      withParts(platform, {
        stop: async (jobName, options) => {
          await held;
          return platform.stop(jobName, options);
        },
        watch: async (_, signal) => {
          await once(signal, 'abort');
        },
      });
    const manager = await startTestManager({}, { platform: slow });
    try {
      const api = new Api(manager.url, manager.operatorToken);
      const sent = await api.post('/api/v1/sessions/doomed/send', {
        prompt: 'echo',
        run: { ...RUN, endsWithTurn: true },
      });
      await untilEnded(api, sent.run.id);
      const early = await api.request('DELETE', '/api/v1/sessions/doomed/storage');
      assert.deepEqual(
        [early.status, early.body.message],
        [409, "the runner of the session's last run is still ending: its storage is in use; try again"],
      );
      letGo();
      await eventually(
        async () => api.request('DELETE', '/api/v1/sessions/doomed/storage'),
        ({ body }) => body.data?.action === 'session-storage-evicted',
      );
    } finally {
      letGo();
      await manager.stop();
    }
  });

  it('waits for no Job that never was', async () => {
    const refusing = (platform: RunnerPlatform): RunnerPlatform =>
      withParts(platform, {
        launch: async () => {
          throw new AgentRunError('runner-start-failed', 'invalid', 'there is no such image');
        },
      });
    const manager = await startTestManager({}, { platform: refusing });
    try {
      const api = new Api(manager.url, manager.operatorToken);
      const run = { ...RUN, retryPolicy: { maxAttempts: 1 } };
      const sent = await api.post('/api/v1/sessions/doomed/send', { prompt: 'echo', run });
      await untilEnded(api, sent.run.id);
      const job = await eventually(
        async () => api.get(`/api/v1/runs/${sent.run.id}/runner-jobs/${sent.runnerJob.id}`),
        ({ finishedAt }) => finishedAt !== null,
      );
      assert.deepEqual([job.status, job.reason], ['stopped', 'not-started']);
      await api.post('/api/v1/sessions', SESSION);
      await eventually(
        async () => api.ok('DELETE', '/api/v1/sessions/doomed/storage'),
        ({ action }) => action === 'session-storage-evicted',
      );
    } finally {
      await manager.stop();
    }
  });

  it('takes back a volume that was made while it was decided', async () => {
    let making: (() => Promise<void>) | undefined;
    const slow = (platform: RunnerPlatform) =>
      withVolumes(platform, {
        ensure: async (name) => {
          await making?.();
          return platform.volumes.ensure(name);
        },
      });
    const manager = await startTestManager({}, { platform: slow });
    try {
      const api = new Api(manager.url, manager.operatorToken);
      const { pvc } = await api.post('/api/v1/sessions', SESSION);
      await manager.platform.volumes.delete(pvc.pvcName);
      making = async () => {
        making = undefined;
        await api.ok('DELETE', '/api/v1/sessions/doomed/storage');
        await delay(50);
      };
      const answer = await api.request('POST', '/api/v1/sessions', SESSION);
      assert.deepEqual([answer.status, answer.body.failureKind], [409, 'session-store-evicted']);
      assert.equal(existsSync(join(manager.dataDir, 'volumes', pvc.pvcName)), false);
    } finally {
      await manager.stop();
    }
  });

  it('takes a volume whose making nobody heard of to its end', async () => {
    const unheard = (platform: RunnerPlatform) =>
      withVolumes(platform, {
        ensure: async (name) => {
          await platform.volumes.ensure(name);
          throw unavailable('platform');
        },
      });
    const manager = await startTestManager({}, { platform: unheard });
    try {
      const api = new Api(manager.url, manager.operatorToken);
      assert.equal((await api.request('POST', '/api/v1/sessions', SESSION)).status, 503);
      const volume = join(manager.dataDir, 'volumes', sessionVolumeName('doomed'));
      assert.ok(existsSync(volume));
      const { pvcName, pvcPhase } = await api.get('/api/v1/sessions/doomed/storage');
      assert.deepEqual([pvcName, pvcPhase], [sessionVolumeName('doomed'), 'Pending']);
      await manager.database.query(`UPDATE sessions SET expires_at = now() - interval '1 minute'`);
      await api.post('/api/v1/sessions/storage/gc');
      assert.equal(existsSync(volume), false);
    } finally {
      await manager.stop();
    }
  });

  it('ends what was recorded of a volume that was never made', async () => {
    const refusing = (platform: RunnerPlatform) =>
      withVolumes(platform, {
        ensure: async () => {
          throw unavailable('platform');
        },
      });
    const manager = await startTestManager({}, { platform: refusing });
    try {
      const api = new Api(manager.url, manager.operatorToken);
      assert.equal((await api.request('POST', '/api/v1/sessions', SESSION)).status, 503);
      const { action, summary } = await api.ok('DELETE', '/api/v1/sessions/doomed/storage');
      assert.deepEqual([action, summary.pvcPhase], ['session-storage-evicted', 'Deleted']);
    } finally {
      await manager.stop();
    }
  });
});
