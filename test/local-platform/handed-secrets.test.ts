import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SecretRef } from '../../src/domain/secrets.js';
import { LocalSecrets } from '../../src/local-platform/local-secrets.js';
import { eventually } from '../support/eventually.js';
import { filesOf, ProcessWatch } from '../support/secret-hunt.js';
import { PlatformFixture } from './platform-fixture.js';

const HANDED_RUNNER = fileURLToPath(new URL('./programs/handed-runner.js', import.meta.url));
const WORK: SecretRef = { kind: 'provider-profile', name: 'work' };
const GONE: SecretRef = { kind: 'provider-profile', name: 'gone' };

describe('what the local platform hands a runner', () => {
  let fixture: PlatformFixture;
  beforeEach(async () => {
    fixture = await PlatformFixture.create();
  });
  afterEach(() => fixture.dispose());

  it('is its token and the secrets of its run in one line, and in no environment, argument or file', async () => {
    const apiKey = `planted-${randomBytes(18).toString('base64url')}`;
    const fields = { kind: 'codex', config: '# long\n'.repeat(9_000), apiKey };
    const platform = fixture.platform(HANDED_RUNNER);
    await platform.secrets.merge(WORK, fields);
    const processes = new ProcessWatch();
    const launch = fixture.launchOf({ backendKind: 'codex', secrets: [WORK, GONE] });
    await platform.launch(launch);
    const path = join(platform.volumes.pathOf(launch.volumeName), 'handed.json');
    const kept = await eventually('it is handed all', () => readFile(path, 'utf8').catch(() => undefined));
    const { line, backendKind } = JSON.parse(kept) as { line: string; backendKind: string };
    assert.equal(backendKind, 'codex');
    assert.match(line, /^[^\n]+\n$/);
    const { runnerToken } = launch;
    assert.deepEqual(JSON.parse(line), { runnerToken, secrets: { 'provider-profile/work': fields } });
    const seen = processes.stop();
    assert.ok(seen.includes(launch.jobName));
    assert.ok(!seen.includes(apiKey));
    for await (const { path, content } of filesOf(fixture.dataDir))
      if (!path.endsWith('handed.json')) assert.ok(!content.includes(apiKey), path);
  });

  it('starts nothing when a secret cannot be read, and says which', async () => {
    const platform = fixture.platform(HANDED_RUNNER);
    await new LocalSecrets(join(fixture.dataDir, 'secrets'), randomBytes(32)).merge(WORK, { apiKey: 'planted-key' });
    const launch = fixture.launchOf({ secrets: [WORK] });
    await assert.rejects(platform.launch(launch), /provider-profile\/work cannot be read/);
    assert.deepEqual(fixture.living(launch.jobName), []);
    await platform.secrets.delete(WORK);
    assert.equal((await platform.launch(launch)).status, 'running', 'and goes on when that is mended');
  });
});
