import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError, readSettings } from '../../src/config.js';
import { readAipodSpecDirectory } from '../../src/main/aipod-spec-directory.js';
import { AgentRunProcess } from '../support/agentrun-process.js';
import { aipodSpec, aipodYaml } from '../support/aipod-specs.js';
import { cli } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { createTestNamespace } from '../support/temporal-server.js';

const VARIABLE = 'AGENTRUN_AIPOD_SPEC_DIR';

describe('a folder of aipod specs', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agentrun-specs-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const write = (files: Record<string, string | Uint8Array>) =>
    Promise.all(Object.entries(files).map(([file, content]) => writeFile(join(folder, file), content)));
  const read = (directory = folder) => readAipodSpecDirectory(readSettings({ [VARIABLE]: directory }));
  /** The lines of a start that fails. */
  const faults = async (directory?: string) => {
    const error: unknown = await read(directory).then(
      () => assert.fail('it was accepted'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof ConfigurationError, String(error));
    return error.message.split('\n');
  };

  it('is read by the names of its files: YAML with its text, and JSON', async () => {
    await write({
      'b.yml': aipodYaml('bee'),
      'c.json': JSON.stringify(aipodSpec('sea'), null, '\t'),
      'a.yaml': aipodYaml('ay'),
      'notes.txt': 'not a spec',
      '.hidden.yaml': ': [',
    });
    await mkdir(join(folder, 'deeper'));
    const drafts = await read();
    assert.deepEqual(
      drafts.map(({ document, source, origin }) => [document.metadata.name, source?.includes('# why') ?? null, origin]),
      [
        ['ay', true, 'dir'],
        ['bee', true, 'dir'],
        ['sea', null, 'dir'],
      ],
    );
  });

  it('may be mounted: files are links into a hidden folder', async () => {
    await mkdir(join(folder, '..data'));
    await write({ '..data/a.yaml': aipodYaml('ay') });
    await symlink(join('..data', 'a.yaml'), join(folder, 'a.yaml'));
    assert.equal((await read()).length, 1);
  });

  it('may be empty, and need not be set', async () => {
    assert.deepEqual(await read(), []);
    assert.deepEqual(await readAipodSpecDirectory(readSettings({})), []);
  });

  it('tells every fault of every file in a line of its own, with file, line and field', async () => {
    await write({
      'a.yaml': aipodYaml('ay', 'a', 'titel: b', 'retryPolicy: {maxAttempts: 0}'),
      'b.yaml': `${aipodYaml('bee')}  title: again\n`,
      'c.json': '{"apiVersion": ',
      'd.json': aipodYaml('dee'),
      'e.yaml': aipodYaml('good'),
      'f.yaml': new Uint8Array([0x61, 0xff]),
      'g.yaml': aipodYaml('GOOD'),
      'i.yaml': '',
    });
    await mkdir(join(folder, 'h.yaml'));
    const lines = await faults();
    assert.deepEqual(lines.map((line) => line.replace(`${VARIABLE}: `, '')).sort(), [
      'a.yaml, line 7: spec.titel is not a known field',
      'a.yaml, line 8: spec.retryPolicy.maxAttempts must be >= 1',
      'b.yaml, line 7, column 3: Map keys must be unique',
      lines.find((line) => line.includes('c.json, line 1, column '))?.replace(`${VARIABLE}: `, ''),
      'd.json: is not JSON',
      'f.yaml: cannot be read (it is not UTF-8)',
      'g.yaml: metadata.name GOOD is taken by e.yaml',
      'h.yaml: cannot be read (EISDIR)',
      'i.yaml: there is no document in it',
    ]);
    assert.ok(lines.every((line) => line.startsWith(`${VARIABLE}: `)));
  });

  it('that cannot be read is told by the name of the setting', async () => {
    const absent = join(folder, 'absent');
    assert.deepEqual(await faults(absent), [`${VARIABLE} is ${absent}, which cannot be read (ENOENT)`]);
    await write({ file: '' });
    assert.match((await faults(join(folder, 'file')))[0] ?? '', /ENOTDIR/);
  });

  it('with a fault keeps `agentrun up` from starting anything', async () => {
    await write({ 'a.yaml': aipodYaml('ay', 'a', 'titel: b') });
    const dataDir = join(folder, 'data');
    const { code, stderr } = await cli(['up'], { AGENTRUN_DATA_DIR: dataDir, AGENTRUN_PORT: '0', [VARIABLE]: folder });
    assert.equal(code, 2);
    assert.match(stderr, /^✕ AGENTRUN_AIPOD_SPEC_DIR: a\.yaml, line 7: spec\.titel is not a known field$/m);
  });

  describe('of API processes', function () {
    this.timeout(120_000);
    let database: TestDatabase;
    let settings: Record<string, string>;
    const running: AgentRunProcess[] = [];

    beforeEach(async () => {
      const [made, temporal] = await Promise.all([createTestDatabase(), createTestNamespace()]);
      database = made;
      settings = {
        AGENTRUN_DATABASE_URL: database.connectionString,
        AGENTRUN_TEMPORAL_ADDRESS: temporal.address,
        AGENTRUN_TEMPORAL_NAMESPACE: temporal.namespace,
        AGENTRUN_DATA_DIR: join(folder, 'data'),
        AGENTRUN_PORT: '0',
        AGENTRUN_OPERATOR_TOKEN: 'spec-directory-operator-token',
        AGENTRUN_TOKEN_KEY: 'a key that both of them are given here',
        [VARIABLE]: join(folder, 'specs'),
      };
      await mkdir(join(folder, 'specs'));
    });
    afterEach(async () => {
      for (const process of running.splice(0)) await process.stop();
      await database.drop();
    });

    async function start(count: number): Promise<void> {
      running.push(...(await Promise.all(Array.from({ length: count }, () => AgentRunProcess.start('api', settings)))));
    }
    const stored = async () =>
      (
        await database.query<{ name: string; version: number; origin: string; title: string }>(
          `SELECT s.name, v.version, v.origin, v.document->'spec'->>'title' AS title
           FROM aipod_specs s JOIN aipod_spec_versions v USING (key) ORDER BY key, v.version`,
        )
      ).map(({ name, version, origin, title }) => `${name} ${version} ${origin} ${title}`);

    it('is loaded once by several that start together, and again only where it changed', async () => {
      await write({ 'specs/a.yaml': aipodYaml('ay', 'one'), 'specs/b.yaml': aipodYaml('bee', 'one') });
      await start(2);
      assert.deepEqual(await stored(), ['ay 1 dir one', 'bee 1 dir one']);
      // What somebody changed by the API gives way to what the folder declares.
      await database.query(
        `WITH newest AS (UPDATE aipod_specs SET version = 2 WHERE key = 'ay')
         INSERT INTO aipod_spec_versions SELECT key, 2, '{"apiVersion":"agentrun/v1","kind":"AipodSpec",
           "metadata":{"name":"ay"},"spec":{"title":"by hand"}}', NULL, 'by hand', 'api', 'me' FROM aipod_specs WHERE key = 'ay'`,
      );
      await write({ 'specs/b.yaml': aipodYaml('BEE', 'two') });
      await start(1);
      assert.deepEqual(await stored(), [
        'ay 1 dir one',
        'ay 2 api by hand',
        'ay 3 dir one',
        'bee 1 dir one',
        'bee 2 dir two',
      ]);
    });

    it('with one fault stops the start, and nothing of it is written', async () => {
      await write({ 'specs/a.yaml': aipodYaml('ay'), 'specs/b.yaml': aipodYaml('bee', 'a', 'priority: high') });
      await assert.rejects(start(1), /AGENTRUN_AIPOD_SPEC_DIR: b\.yaml, line 7: spec\.priority must be integer/);
      assert.deepEqual(await stored(), []);
    });
  });
});
