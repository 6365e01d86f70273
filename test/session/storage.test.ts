import assert from 'node:assert/strict';
import { join } from 'node:path';
import { measureVolume } from '../../src/runner/measure-volume.js';
import { Api, eventually } from '../support/api.js';
import { untilEnded, untilPrinted } from '../support/live-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const RUN = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };

describe("a session's volume, measured by its runners", function () {
  this.timeout(120_000);
  let manager: TestManager;
  let api: Api;

  before(async () => {
    manager = await startTestManager({ AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '4000' });
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async () => manager.stop());

  const storage = async (sessionId: string) => api.get(`/api/v1/sessions/${sessionId}/storage`);
  const send = async (sessionId: string, prompt: string) =>
    api.post(`/api/v1/sessions/${sessionId}/send`, { prompt, run: RUN });

  it('is known after each turn while the run goes on, and as it was left after the run', async () => {
    const first = await send('measured-1', 'head -c 5000 /dev/zero > big; echo written');
    await untilPrinted(api, first.command, 'written');
    const afterTurn = await eventually(
      async () => storage('measured-1'),
      ({ storageSizeBytes }) => storageSizeBytes !== null,
    );
    assert.ok(afterTurn.storageSizeBytes >= 5_000 && afterTurn.storageSizeBytes < 10_000);
    assert.equal((await api.get(`/api/v1/runs/${first.run.id}`)).terminalStatus, null);
    const second = await send('measured-1', 'head -c 70000 /dev/zero > bigger; echo more');
    await untilPrinted(api, second.command, 'more');
    await untilEnded(api, first.run.id);
    const volumeDir = join(manager.dataDir, 'volumes', afterTurn.pvcName);
    const left = await eventually(
      async () => storage('measured-1'),
      ({ storageSizeBytes }) => storageSizeBytes > 75_000,
    );
    await eventually(
      async () => [await storage('measured-1'), await measureVolume(volumeDir, new AbortController().signal)] as const,
      ([told, found]) => told.storageSha256 === found?.sha256 && told.storageFilesCount === found?.filesCount,
    );
    assert.ok(left.storageUpdatedAt > afterTurn.storageUpdatedAt);
    assert.equal(left.namespace, 'local');
  });

  it('is not asked for where a run belongs to no session', async () => {
    const run = await api.createRun({ endsWithTurn: true });
    const command = await api.addTurn(run.id, 'echo alone');
    await api.post(`/api/v1/runs/${run.id}/runner-jobs`, { commandId: command.id });
    assert.equal((await untilEnded(api, run.id)).terminalStatus, 'completed');
  });
});
