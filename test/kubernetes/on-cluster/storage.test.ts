import assert from 'node:assert/strict';
import type { AgentRunError } from '../../../src/domain/errors.js';
import type { KubernetesPlatform } from '../../../src/kubernetes/kubernetes-platform.js';
import { CLUSTER_START_TIMEOUT_MS } from '../cluster/test-cluster.js';
import { ClusterFixture } from './cluster-fixture.js';

const CODEX = { kind: 'provider-profile', name: 'codex' } as const;

describe('volumes and secrets of a cluster', function () {
  this.timeout(180_000);
  let fixture: ClusterFixture;
  let platform: KubernetesPlatform;

  before(async function () {
    this.timeout(CLUSTER_START_TIMEOUT_MS);
    fixture = await ClusterFixture.create();
    platform = await fixture.platform({ AGENTRUN_STORAGE_SIZE: '3Gi' });
  });
  afterEach(async () => {
    await fixture.clear();
    await fixture.assertNothingLeft();
  });
  after(async () => fixture.dispose());

  it('makes a claim once, of the size and the access that are set, and tells its phase', async () => {
    const { volumes } = platform;
    await Promise.all([volumes.ensure('volume-1'), volumes.ensure('volume-1')]);
    const { namespace } = fixture;
    const claim = await fixture.cluster.core.readNamespacedPersistentVolumeClaim({ name: 'volume-1', namespace });
    assert.deepEqual(claim.spec?.accessModes, ['ReadWriteOnce']);
    assert.equal(claim.spec?.resources?.requests?.['storage'], '3Gi');
    await fixture.until('it is bound', async () => (await volumes.describe('volume-1'))?.phase === 'Bound');
    assert.equal((await volumes.describe('volume-1'))?.quotaBytes, 3 * 2 ** 30);
  });

  it('deletes a claim and says so when it is gone', async () => {
    const { volumes } = platform;
    await volumes.ensure('volume-1');
    await volumes.delete('volume-1');
    assert.equal(await volumes.describe('volume-1'), undefined);
    await volumes.delete('volume-1');
  });

  it('says what is refused of a claim', async () => {
    const vast = await fixture.platform({ AGENTRUN_STORAGE_CLASS: 'folders', AGENTRUN_STORAGE_SIZE: '0' });
    await assert.rejects(vast.volumes.ensure('volume-1'), (error: AgentRunError) => {
      assert.equal(error.refusal, 'conflict');
      return /volume-1/.test(error.message);
    });
  });

  it('keeps fields, changes some, and takes some away', async () => {
    const { secrets } = platform;
    assert.equal(await secrets.read(CODEX), undefined);
    await secrets.merge(CODEX, { apiKey: 'one', config: 'a = "ä"\n' });
    await secrets.merge(CODEX, { apiKey: 'two', config: null, other: '' });
    assert.deepEqual((await secrets.read(CODEX))?.fields, { apiKey: 'two', other: '' });
    assert.equal(await secrets.delete(CODEX), true);
    assert.equal(await secrets.delete(CODEX), false);
  });

  it('loses no change of several at once', async () => {
    const { secrets } = platform;
    const names = ['a', 'b', 'c', 'd', 'e'];
    await Promise.all(names.map(async (name) => secrets.merge(CODEX, { [name]: name })));
    assert.deepEqual((await secrets.read(CODEX))?.fields, Object.fromEntries(names.map((name) => [name, name])));
  });

  it('lists by name what is of a kind, whatever the names', async () => {
    const { secrets } = platform;
    for (const name of ['Work', 'work', 'a.b_c-d']) await secrets.merge({ ...CODEX, name }, { apiKey: name });
    await secrets.merge({ kind: 'tool-credential', name: 'github-ssh' }, { privateKey: 'key' });
    const listed = await secrets.list('provider-profile');
    assert.deepEqual(
      listed.map(({ ref, fields }) => [ref.name, fields['apiKey']]),
      [
        ['Work', 'Work'],
        ['a.b_c-d', 'a.b_c-d'],
        ['work', 'work'],
      ],
    );
    assert.ok(listed.every(({ updatedAtMs }) => Math.abs(Date.now() - updatedAtMs) < 60_000));
  });
});
