import assert from 'node:assert/strict';
import { runVolumeName } from '../../../src/domain/volume-names.js';
import { untilEnded, untilPrinted } from '../../support/live-runner.js';
import { CLUSTER_START_TIMEOUT_MS, hasPods } from '../cluster/test-cluster.js';
import { ClusterFixture } from './cluster-fixture.js';
import { startClusterManager, type ClusterManager } from './manager-fixture.js';

if (hasPods()) {
  describe('a run in a Pod', function () {
    this.timeout(120_000);
    let fixture: ClusterFixture;
    let started: ClusterManager;

    before(async function () {
      this.timeout(CLUSTER_START_TIMEOUT_MS);
      fixture = await ClusterFixture.create();
      started = await startClusterManager(fixture);
    });
    afterEach(async () => {
      await fixture.clear();
      await fixture.assertNothingLeft();
    });
    after(async () => {
      await started.stop();
      await fixture.dispose();
    });

    it('does its turn, and its Job, its Pod and its token go when it ends', async () => {
      const { api } = started;
      const run = await api.createRun({ endsWithTurn: true });
      const turn = await api.addTurn(
        run.id,
        'echo "uid $(id -u)"; touch /nowhere; echo wrote $?; ls -A /run/agentrun/handover | wc -l',
      );
      await api.post(`/api/v1/runs/${run.id}/runner-jobs`);
      const printed = await untilPrinted(api, turn, 'wrote 1\n', 60_000);
      assert.match(printed, /uid 1000/);
      assert.equal((await untilEnded(api, run.id)).status, 'completed');
      const volume = runVolumeName({ runId: run.id, sessionId: null });
      await fixture.until(`only the volume is left`, async () =>
        (await fixture.leftovers()).every((name) => name === `PersistentVolumeClaim/${volume}`),
      );
    });
  });
}
