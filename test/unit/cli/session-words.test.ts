import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { storageRows } from '../../../src/cli/commands/session/session-words.js';
import type { SessionStorage } from '../../../src/contract/session.js';

const STORAGE: SessionStorage = {
  pvcName: 'session-a',
  namespace: 'local',
  pvcPhase: 'Bound',
  storageSizeBytes: 3_072,
  storageFilesCount: 2,
  storageSha256: null,
  storageQuotaBytes: null,
  storageOverQuota: false,
  storageUpdatedAt: null,
  codexRolloutSubdir: 'sessions',
  valuesPrinted: false,
};

describe("a session's storage in words", () => {
  const quota = (given: Partial<SessionStorage>) => Object.fromEntries(storageRows({ ...STORAGE, ...given }))['quota'];

  it('says how much may be on it, and that there is more', () => {
    assert.equal(quota({}), undefined);
    assert.equal(quota({ storageQuotaBytes: 4_096 }), '4.0 KiB');
    assert.equal(quota({ storageQuotaBytes: 2_048, storageOverQuota: true }), '2.0 KiB, and more is on it');
  });
});
