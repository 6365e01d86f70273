import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { projectRoot } from '../../scripts/project-root.js';
import { aipodSpec, aipodYaml, EXAMPLE_FILE, exampleSpec } from '../support/aipod-specs.js';
import { cli, UpStack } from '../support/cli.js';

describe('agentrun spec, against `agentrun up`', function () {
  // Each command is a process of its own.
  this.timeout(90_000);
  let stack: UpStack;

  before(async function () {
    this.timeout(120_000);
    stack = await UpStack.start();
  });
  after(() => stack.remove());

  async function file(name: string, content: string): Promise<string> {
    const path = join(stack.dataDir, name);
    await writeFile(path, content);
    return path;
  }

  it('applies files of both kinds and standard input, and tells what came of each', async () => {
    const yaml = await file('one.yaml', aipodYaml('one'));
    const json = await file('two.json', JSON.stringify(aipodSpec('two')));
    const args = ['spec', 'apply', '-f', yaml, '-f', json, '--file', '-'];
    const first = await cli(args, stack.environment, aipodYaml('three'));
    assert.deepEqual(
      [first.code, first.stdout],
      [0, 'one\t1\tcreated\ntwo\t1\tcreated\nthree\t1\tcreated\n'],
      first.stderr,
    );
    const dry = await stack.run('spec', 'apply', '-f', await file('one.yaml', aipodYaml('one', 'b')), '--dry-run');
    assert.equal(dry.stdout, 'one\t2\tupdated (dry run)\n');
    const again = await stack.json('spec', 'apply', '-f', yaml, '-f', json);
    assert.deepEqual(
      again.map(({ name, version, action }: never) => [name, version, action]),
      [
        ['one', 2, 'updated'],
        ['two', 1, 'unchanged'],
      ],
    );
  });

  it('applies none of several files where one is faulty, and names each fault with its file', async () => {
    const good = await file('good.yaml', aipodYaml('good'));
    const bad = await file('bad.yaml', aipodYaml('bad', 'a', 'titel: b'));
    const same = await file('same.yaml', aipodYaml('GOOD', 'other'));
    const { code, stdout, stderr } = await stack.run('spec', 'apply', '-f', good, '-f', bad, '-f', same);
    assert.deepEqual([code, stdout], [1, '']);
    assert.ok(stderr.includes(`${bad}: spec.titel is not a known field (line 7)`), stderr);
    assert.ok(stderr.includes(`${same}: GOOD is in ${good} already`), stderr);
    assert.match(stderr, /nothing was applied/);
    assert.match((await stack.run('spec', 'show', 'good')).stderr, /aipodSpec good does not exist/);
    const broken = await stack.run('spec', 'apply', '-f', await file('broken.json', '{'));
    assert.match(broken.stderr, /broken\.json is not JSON/);
    assert.match(
      (await stack.run('spec', 'apply', '-f', 'absent.yaml')).stderr,
      /absent\.yaml cannot be read \(ENOENT\)/,
    );
  });

  it('warns of a backend that is not there', async () => {
    const spec = await file('later.yaml', aipodYaml('later', 'a', 'backendProfile: later'));
    const { code, stderr } = await stack.run('spec', 'apply', '-f', spec);
    assert.equal(code, 0);
    assert.match(stderr, /! later: there is no backend profile later now/);
  });

  it('lists, shows, and shows older versions', async () => {
    const path = await file('shown.yaml', aipodYaml('shown', 'one', 'backendProfile: exec'));
    await stack.json('spec', 'apply', '-f', path);
    await stack.json('spec', 'apply', '-f', await file('shown.json', JSON.stringify(aipodSpec('Shown', 'two'))));
    const line = (await stack.run('spec', 'list')).stdout.split('\n').find((each) => each.startsWith('shown\t'));
    assert.match(line ?? '', /^shown\t2\t\tapi\toperator\t\d{4}-/);
    assert.ok((await stack.json('spec', 'list')).some(({ name }: { name: string }) => name === 'shown'));
    assert.equal((await stack.json('spec', 'list', '--limit', '1')).length, 1);
    assert.match((await stack.run('spec', 'versions', 'shown')).stdout, /^shown\t2\t.*\nshown\t1\texec\t/);
    assert.match(
      (await stack.run('spec', 'show', 'SHOWN')).stdout,
      /^name\tshown\nversion\t2\nfrom\tthe API, by operator\n/,
    );
    assert.equal((await stack.json('spec', 'show', 'shown', '--version', '1')).spec.title, 'one');
    const text = await stack.run('spec', 'show', 'shown', '--version', '1', '--yaml');
    assert.equal(text.stdout, aipodYaml('shown', 'one', 'backendProfile: exec'));
    assert.deepEqual(parse((await stack.run('spec', 'show', 'shown', '--yaml')).stdout), aipodSpec('shown', 'two'));
  });

  it('deletes, and then knows it no more', async () => {
    await stack.json('spec', 'apply', '-f', await file('gone.yaml', aipodYaml('gone')));
    assert.deepEqual(await stack.run('spec', 'delete', 'gone'), { code: 0, stdout: 'gone\t1\tdeleted\n', stderr: '' });
    assert.equal((await stack.run('spec', 'delete', 'gone')).code, 1);
    assert.equal((await stack.run('spec', 'render', 'gone', '--prompt', 'x')).code, 1);
  });

  it('renders with fields that are set one by one', async () => {
    await stack.json('spec', 'apply', '-f', EXAMPLE_FILE);
    const args = ['spec', 'render', 'reviewer', '--prompt', 'date', '--tenant', 'acme', '--env', 'A=1'];
    const fields = [
      'executionPolicy.timeoutMs=5000',
      'executionPolicy.network=true',
      'title=A title',
      'workspaceRef=null',
    ];
    const rendered = await stack.json(...args, ...fields.flatMap((field) => ['--set', field]));
    assert.equal(rendered.run.tenantId, 'acme');
    assert.deepEqual([rendered.run.executionPolicy.timeoutMs, rendered.run.executionPolicy.network], [5000, true]);
    assert.deepEqual([rendered.task.title, rendered.run.workspaceRef], ['A title', undefined]);
    assert.deepEqual(rendered.runnerJob.env, { REVIEW_DEPTH: '1', A: '1' });
    assert.equal(parse((await stack.run(...args)).stdout).spec.name, 'reviewer');
    const wrong = await stack.run(...args, '--set', 'executionPolicy.timeout=1');
    assert.match(wrong.stderr, /input\.executionPolicy\.timeout is not a known field/);
  });

  it('makes runs of a spec, with what the caller says otherwise', async () => {
    await stack.json('spec', 'apply', '-f', EXAMPLE_FILE);
    const args = [
      'run',
      'create',
      '--spec',
      'Reviewer',
      '--prompt',
      'echo "for $WHOM"',
      '--env',
      'WHOM=you',
      '--timeout',
      '1m',
    ];
    const { run, command, result } = await stack.json(...args, '--wait');
    assert.equal(result.reply, 'reviewing at depth 1\nfor you\n');
    assert.deepEqual([run.projectId, run.backendProfile, run.executionPolicy.timeoutMs], ['website', 'exec', 60_000]);
    assert.deepEqual(run.executionPolicy.sandbox, 'read-only');
    assert.equal(run.metadata.aipodSpec.name, 'reviewer');
    assert.equal(command.seq, 1);
    const kept = await stack.json(...args, '--keep-open', '--wait');
    assert.equal((await stack.json('run', 'show', kept.run.id)).run.terminalStatus, null);
    await stack.run('run', 'cancel', kept.run.id, '--wait');
  });

  it('has in its documentation the example that is applied here', async () => {
    const page = await readFile(join(projectRoot, 'docs/aipod-specs.md'), 'utf8');
    assert.ok(page.includes(`\`\`\`yaml\n${await exampleSpec()}\`\`\``), 'docs/aipod-specs.md shows another');
  });
});

describe('agentrun spec without a server', () => {
  const MISUSES: [why: string, args: string[], said: RegExp][] = [
    ['no file', ['spec', 'apply'], /required option '-f, --file <file>' not specified/],
    ['standard input twice', ['spec', 'apply', '-f', '-', '-f', '-'], /can be read once only/],
    ['a name that is a path', ['spec', 'show', 'a/b'], /letters, digits/],
    ['a field without a value', ['spec', 'render', 'x', '--set', 'title'], /field=value/],
    ['a spec without a prompt', ['run', 'create', '--spec', 'x'], /--spec needs a --prompt/],
  ];
  for (const [why, args, said] of MISUSES) {
    it(`answers ${why} with exit code 2`, async () => {
      const { code, stderr } = await cli(args, { AGENTRUN_DATA_DIR: '/nonexistent/agentrun' });
      assert.equal(code, 2, stderr);
      assert.match(stderr, said);
    });
  }
});
