import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SecretRef } from '../../src/domain/secrets.js';
import { LocalSecrets } from '../../src/local-platform/local-secrets.js';
import { processMark } from '../../src/processes/process-mark.js';
import { filesOf, SecretHunt } from '../support/secret-hunt.js';

const profile = (name: string): SecretRef => ({ kind: 'provider-profile', name });
const CODEX = profile('codex');
const TELL_MARK = fileURLToPath(new URL('../processes/programs/tell-mark.js', import.meta.url));

describe('local secrets', () => {
  const key = randomBytes(32);
  let home: string;
  let folder: string;
  let secrets: LocalSecrets;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'agentrun-secrets-'));
    folder = join(home, 'secrets');
    secrets = new LocalSecrets(folder, key);
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  const onlyFile = async () => join(folder, (await readdir(folder))[0] ?? assert.fail('there is no file'));

  it('are kept over restarts, field by field', async () => {
    assert.equal(await secrets.read(CODEX), undefined);
    await secrets.merge(CODEX, { config: 'model = "x"', apiKey: 'one' });
    const before = Date.now();
    const merged = await secrets.merge(CODEX, { apiKey: null, authJson: '{}' });
    assert.ok(merged.updatedAtMs >= before);
    const read = await new LocalSecrets(folder, key).read(CODEX);
    assert.deepEqual(read, { ...merged, fields: { config: 'model = "x"', authJson: '{}' } });
  });

  it('are files of one user, in which nothing of a value can be read', async () => {
    const value = `planted-${randomBytes(18).toString('base64url')}`;
    await secrets.merge(CODEX, { apiKey: value });
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    assert.equal((await stat(await onlyFile())).mode & 0o777, 0o600);
    const hunt = new SecretHunt(new Map(Object.entries({ value, name: 'provider-profile/codex' })));
    for await (const { content } of filesOf(folder)) hunt.look('file', content);
    assert.deepEqual(hunt.found(), { value: [], name: ['file'] });
  });

  it('lose no change of many at once', async () => {
    const fields = Array.from({ length: 30 }, (_, index) => `field-${index}`);
    await Promise.all(fields.map(async (field) => secrets.merge(CODEX, { [field]: field })));
    assert.deepEqual(Object.keys((await secrets.read(CODEX))?.fields ?? {}).sort(), [...fields].sort());
    assert.equal((await readdir(folder)).length, 1);
  });

  it('are listed by kind and name, also names that differ in nothing but their case', async () => {
    for (const name of ['b', 'Codex', 'codex', 'a.b', 'a-b']) await secrets.merge(profile(name), { name });
    await secrets.merge({ kind: 'tool-credential', name: 'github-ssh' }, { privateKey: 'x' });
    const listed = await secrets.list('provider-profile');
    assert.deepEqual(
      listed.map(({ ref, fields }) => [ref.name, fields['name']]),
      ['Codex', 'a-b', 'a.b', 'b', 'codex'].map((name) => [name, name]),
    );
    const names = (await readdir(folder)).map((name) => name.toLowerCase());
    assert.equal(new Set(names).size, 6);
  });

  it('are gone once deleted', async () => {
    await secrets.merge(CODEX, { apiKey: 'one' });
    assert.equal(await secrets.delete(CODEX), true);
    assert.equal(await secrets.delete(CODEX), false);
    assert.deepEqual([await secrets.read(CODEX), await readdir(folder)], [undefined, []]);
  });

  it('leave nothing of what was being written when its process was killed', async () => {
    await secrets.merge(CODEX, { apiKey: 'one' });
    const file = await onlyFile();
    const dead = execFileSync(process.execPath, [TELL_MARK], { encoding: 'utf8' });
    const [left, ours, elsewhere] = [dead, processMark(), dead.replace(/^[0-9a-f]{8}/, '00000000')].map(
      (mark) => `${file}.${mark}.part`,
    );
    for (const path of [left, ours, elsewhere]) await writeFile(path ?? '', 'half');
    await new LocalSecrets(folder, key).sweep();
    const names = (await readdir(folder)).map((name) => join(folder, name));
    assert.deepEqual(new Set(names), new Set([file, ours, elsewhere]));
    assert.deepEqual((await secrets.read(CODEX))?.fields, { apiKey: 'one' });
    assert.deepEqual(await new LocalSecrets(join(home, 'nowhere'), key).sweep(), []);
  });

  it('say which one cannot be read with another key, list the others, and let it be removed', async () => {
    await new LocalSecrets(folder, randomBytes(32)).merge(CODEX, { apiKey: 'planted-key' });
    await secrets.merge(profile('other'), { apiKey: 'one' });
    const unreadable = /provider-profile\/codex cannot be read: it was written with another key/;
    await assert.rejects(secrets.read(CODEX), { failureKind: 'infra-failed', message: unreadable });
    await assert.rejects(secrets.merge(CODEX, { config: '' }), { message: unreadable });
    const [codex, other] = await secrets.list('provider-profile');
    assert.match(codex?.unreadable ?? '', unreadable);
    assert.deepEqual(codex?.fields, {});
    assert.deepEqual([other?.ref.name, other?.unreadable], ['other', undefined]);
    assert.equal(await secrets.delete(CODEX), true);
    assert.deepEqual((await secrets.merge(CODEX, { apiKey: 'two' })).fields, { apiKey: 'two' });
  });

  it('take no file for another, and no damaged one for whole', async () => {
    await secrets.merge(CODEX, { apiKey: 'one' });
    const ofCodex = await onlyFile();
    await secrets.merge(profile('other'), { apiKey: 'two' });
    const ofOther = (await readdir(folder)).map((name) => join(folder, name)).find((path) => path !== ofCodex) ?? '';
    await rename(ofOther, ofCodex);
    await assert.rejects(secrets.read(CODEX), /cannot be read/);
    assert.deepEqual(await secrets.list('provider-profile'), []);
    await secrets.delete(CODEX);
    await secrets.merge(CODEX, { apiKey: 'one' });
    const sealed = await readFile(ofCodex, 'utf8');
    await writeFile(ofCodex, sealed.slice(0, -2));
    await assert.rejects(secrets.read(CODEX), /cannot be read/);
  });

  it('say that the folder is out of reach, and keep what was there', async () => {
    await secrets.merge(CODEX, { apiKey: 'one' });
    await rename(folder, `${folder}.away`);
    await writeFile(folder, 'no folder');
    const outOfReach = { failureKind: 'infra-failed', refusal: 'unavailable' };
    await assert.rejects(secrets.read(CODEX), outOfReach);
    await assert.rejects(secrets.list('provider-profile'), outOfReach);
    await assert.rejects(secrets.merge(CODEX, { apiKey: 'two' }), outOfReach);
    await rm(folder);
    await rename(`${folder}.away`, folder);
    assert.deepEqual((await secrets.read(CODEX))?.fields, { apiKey: 'one' });
  });
});
