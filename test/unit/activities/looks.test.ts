import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createRecordActivities } from '../../../activities/records.js';

type Ports = Parameters<typeof createRecordActivities>[0];

/** Records that show one of these versions after the other. */
function looksAt(versions: readonly number[], stopping = new AbortController().signal) {
  const left = [...versions];
  const runs = { writtenVersion: async () => left.shift() ?? assert.fail('it looked once too often') };
  const records = createRecordActivities({ runs, leases: {}, stopping } as unknown as Ports, 1);
  return async (leftVersion?: number) => {
    const { version } = await records.readWrittenVersion({ runId: 'run_1', executionId: 'execution-1', leftVersion });
    return { version, unread: left.length };
  };
}

describe('a look after what senders were to write', () => {
  it('is over where they wrote it, or did not', async () => {
    assert.deepEqual(await looksAt([5, 6])(5), { version: 5, unread: 1 });
    assert.deepEqual(await looksAt([4, 6])(5), { version: 4, unread: 1 });
  });

  it('is repeated once where more was said meanwhile', async () => {
    assert.deepEqual(await looksAt([7, 9, 11])(5), { version: 9, unread: 1 });
  });

  it('is not, where a workflow of an earlier release asks, or its worker stops', async () => {
    assert.deepEqual(await looksAt([7, 9])(), { version: 7, unread: 1 });
    assert.deepEqual(await looksAt([7, 9], AbortSignal.abort())(5), { version: 7, unread: 1 });
  });
});
