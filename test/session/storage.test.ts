import assert from 'node:assert/strict';
import { join } from 'node:path';
import { measureVolume } from '../../src/runner/measure-volume.js';
import { Api, eventually } from '../support/api.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import { untilEnded, untilPrinted } from '../support/live-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const QUOTA_BYTES = 100_000;
const RUN = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };

describe("a session's volume, measured by its runners", function () {
  this.timeout(120_000);
  let manager: TestManager;
  let api: Api;

  before(async () => {
    manager = await startTestManager({
      AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '10000',
      AGENTRUN_LOCAL_VOLUME_QUOTA_BYTES: String(QUOTA_BYTES),
    });
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

  it('is told of no more by the runner of a run that another has followed', async () => {
    const sessionId = 'followed';
    const begin = async () => {
      const body = { prompt: 'echo', run: RUN, createRunnerJob: false };
      return (await api.post(`/api/v1/sessions/${sessionId}/send`, body)).run.id as string;
    };
    const first = await begin();
    const { pvcName, namespace } = await storage(sessionId);
    const refresh = async ({ api: speaks }: ForeignRunner, storageFilesCount: number) =>
      speaks.request('POST', `/api/v1/sessions/${sessionId}/storage/refresh`, {
        ...{ pvcName: pvcName ?? 'unknown', namespace: namespace ?? 'local' },
        ...{ storageSizeBytes: 12, storageSha256: 'ab'.repeat(32), storageFilesCount },
      });
    const earlier = await ForeignRunner.claim(api, first);
    await api.post(`/api/v1/runs/${first}/cancel`);
    await earlier.finishRun({ terminalStatus: 'cancelled' });
    assert.equal((await refresh(earlier, 1)).status, 200, 'what it leaves');
    const second = await begin();
    assert.notEqual(second, first);
    const later = await ForeignRunner.claim(api, second);
    const late = await refresh(earlier, 2);
    assert.deepEqual([late.status, late.body.failureKind], [409, 'lease-lost']);
    assert.equal((await refresh(later, 3)).status, 200);
    assert.equal((await storage(sessionId)).storageFilesCount, 3);
    await api.post(`/api/v1/runs/${second}/cancel`);
    await later.finishRun({ terminalStatus: 'cancelled' });
  });

  it('is told to be over its quota: once in each run, and in what is known of it', async () => {
    const first = await send('over-quota', 'head -c 200000 /dev/zero > big; echo written');
    await untilPrinted(api, first.command, 'written');
    const known = await eventually(
      async () => storage('over-quota'),
      ({ storageOverQuota }) => storageOverQuota,
    );
    assert.equal(known.storageQuotaBytes, QUOTA_BYTES);
    const told = async (runId: string) =>
      (await api.events(runId)).filter(({ payload }) => payload.phase === 'storage-over-quota');
    const [event] = await eventually(
      async () => told(first.run.id),
      (events) => events.length > 0,
    );
    const { sizeBytes, quotaBytes, message, attempt } = event.payload;
    assert.deepEqual([sizeBytes >= 200_000, quotaBytes, attempt], [true, QUOTA_BYTES, 1]);
    assert.match(message, /^the session's volume holds \d+ bytes, and its quota is 100000$/);
    const second = await send('over-quota', 'echo more');
    await untilPrinted(api, second.command, 'more');
    await untilEnded(api, first.run.id);
    assert.equal((await told(first.run.id)).length, 1);
    const next = await send('over-quota', 'read go; rm big; echo gone');
    await eventually(
      async () => told(next.run.id),
      (events) => events.length > 0,
    );
    await send('over-quota', 'go');
    await untilEnded(api, next.run.id);
    assert.equal((await told(next.run.id)).length, 1);
    const after = await eventually(
      async () => storage('over-quota'),
      ({ storageOverQuota }) => !storageOverQuota,
    );
    assert.ok(after.storageSizeBytes < QUOTA_BYTES);
  });

  it('is not asked for where a run belongs to no session', async () => {
    const run = await api.createRun({ endsWithTurn: true });
    const command = await api.addTurn(run.id, 'echo alone');
    await api.post(`/api/v1/runs/${run.id}/runner-jobs`, { commandId: command.id });
    assert.equal((await untilEnded(api, run.id)).terminalStatus, 'completed');
  });
});
