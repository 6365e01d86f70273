import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { unavailable } from '../../src/domain/errors.js';
import type { RunnerPlatform, Volumes } from '../../src/ports/runner-platform.js';
import { Api, eventually } from '../support/api.js';
import { createTestDatabase } from '../support/database.js';
import { startTestManager } from '../support/test-manager.js';
import { createTestNamespace } from '../support/temporal-server.js';

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
