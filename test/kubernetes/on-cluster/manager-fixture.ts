import { freePort } from '../../../src/processes/free-port.js';
import { Api } from '../../support/api.js';
import { startTestManager, type TestManager, type TestManagerParts } from '../../support/test-manager.js';
import type { ClusterFixture } from './cluster-fixture.js';

export interface ClusterManager {
  readonly manager: TestManager;
  readonly api: Api;
  stop(): Promise<void>;
}

/** A whole manager whose runners are Pods of the fixture's namespace. */
export async function startClusterManager(
  fixture: ClusterFixture,
  settings: Record<string, string> = {},
  parts: Omit<TestManagerParts, 'platform'> = {},
): Promise<ClusterManager> {
  const host = fixture.test.pods?.hostAddress ?? '127.0.0.1';
  // Pods are told an address before the manager listens on it.
  const port = await freePort();
  const all = fixture.settings({
    AGENTRUN_HOST: host,
    AGENTRUN_PORT: String(port),
    AGENTRUN_INTERNAL_MGR_URL: `http://${host}:${port}`,
    AGENTRUN_CANCEL_GRACE_MS: '5000',
    ...settings,
  });
  const platform = await fixture.platform(all);
  const manager = await startTestManager(all, { ...parts, platform: () => platform });
  return {
    manager,
    api: new Api(manager.url, manager.operatorToken),
    async stop() {
      await manager.stop();
      await fixture.clear();
    },
  };
}
