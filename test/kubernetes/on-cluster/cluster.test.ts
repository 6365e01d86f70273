import assert from 'node:assert/strict';
import { CLUSTER_START_TIMEOUT_MS, testCluster } from '../cluster/test-cluster.js';

describe('the cluster for tests', () => {
  it('answers', async function () {
    this.timeout(CLUSTER_START_TIMEOUT_MS);
    const { cluster } = await testCluster();
    const { items } = await cluster.core.listNamespace();
    assert.ok(items.some(({ metadata }) => metadata?.name === 'default'));
  });
});
