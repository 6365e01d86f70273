import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { unavailable } from '../../src/domain/errors.js';
import { evictionWorkflowId, STORAGE_GC_WORKFLOW_ID } from '../../src/domain/ids.js';
import type { RunnerPlatform, Volumes } from '../../src/ports/runner-platform.js';
import { Api, eventually } from '../support/api.js';
import { connectTemporal } from '../../src/temporal/connection.js';
import { createTestDatabase } from '../support/database.js';
import { startTestManager } from '../support/test-manager.js';
import { createTestNamespace, startTemporalServer } from '../support/temporal-server.js';

const SESSION = { sessionId: 'doomed', tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };

/** The same platform with other volumes; methods keep their object. */
function withVolumes(platform: RunnerPlatform, change: Partial<Volumes>): RunnerPlatform {
  const volumes = new Proxy(platform.volumes, {
    get: (target, name) => (change as Record<PropertyKey, unknown>)[name] ?? bound(target, name),
  });
  return new Proxy(platform, { get: (target, name) => (name === 'volumes' ? volumes : bound(target, name)) });
}

function bound(target: object, name: PropertyKey): unknown {
  const value: unknown = Reflect.get(target, name);
  return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
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
        'the temporal is not reachable; try again',
      ]);
    } finally {
      await link.close();
      await manager.stop();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
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
});
