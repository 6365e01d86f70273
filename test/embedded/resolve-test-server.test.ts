import assert from 'node:assert/strict';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { describe, it } from 'mocha';
import { resolveTestServer } from '../../temporal-dev/resolve-test-server.js';
import { pathEnv, sharedCacheDir } from './scratch.js';

describe('resolveTestServer', function () {
  this.timeout(300_000);

  it('gets a server that skips time, and finds it the second time', async () => {
    const options = { pathEnv, cacheDir: sharedCacheDir, onProgress: () => {} };
    const { executable } = await resolveTestServer(options);
    const again = await resolveTestServer(options);
    assert.match(again.how, /^(cached|PATH)$/);
    assert.deepEqual(again.executable, executable);
    const environment = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
    try {
      const before = await environment.currentTimeMs();
      await environment.sleep('1 day');
      assert.ok((await environment.currentTimeMs()) - before >= 24 * 60 * 60 * 1000);
    } finally {
      await environment.teardown();
    }
  });
});
