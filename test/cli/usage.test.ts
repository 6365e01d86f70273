import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from '../support/free-port.js';
import { BIN, cli } from '../support/cli.js';

describe('agentrun without a server', () => {
  let folder: string;
  const nowhere = () => ({ AGENTRUN_DATA_DIR: join(folder, 'nothing-here') });

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agentrun-usage-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const RUN = 'run_0123456789abcdef0123456789abcdef';
  const MISUSES: [why: string, args: string[], said: RegExp][] = [
    ['an unknown command', ['launch'], /unknown command 'launch'/],
    ['a missing command', ['run'], /a command is missing/],
    ['an unknown option', ['run', 'list', '--colour'], /unknown option '--colour'/],
    ['a missing run', ['run', 'show'], /missing required argument 'runId'/],
    ['what is no run id', ['run', 'show', 'latest'], /run id looks like/],
    ['an unknown status', ['run', 'list', '--status', 'happy'], /Allowed choices are pending/],
    ['a number that is none', ['run', 'list', '--limit', 'many'], /whole number/],
    ['a duration without a unit', ['run', 'create', '--timeout', '90'], /number with its unit/],
    ['a workspace of no kind', ['run', 'create', '--workspace', 'svn:x'], /none, path:<folder> or git:<url>/],
    ['a variable without a value', ['run', 'create', '--prompt', 'x', '--env', 'A'], /NAME=value/],
    ['--env without a runner', ['run', 'create', '--env', 'A=1'], /which only --prompt starts/],
    ['--wait beside --tail', ['run', 'create', '--prompt', 'x', '--wait', '--tail'], /cannot be used with/],
    ['an empty prompt', ['run', 'create', '--prompt', ' '], /the prompt is empty/],
    ['a turn without a prompt', ['run', 'send', RUN], /a turn needs a prompt/],
    ['what is no name of a profile', ['profile', 'show', '-x y'], /unknown option|named by letters/],
    ['a credential from nowhere', ['profile', 'credential', 'x'], /give one of --api-key-stdin/],
    ['a key as an argument', ['profile', 'credential', 'x', 'sk-key'], /too many arguments/],
    ['a variable that is not set', ['profile', 'credential', 'x', '--api-key-env', 'NOT_SET'], /is not set/],
    ['two credentials', ['profile', 'credential', 'x', '--api-key-stdin', '--api-key-env', 'A'], /cannot be used with/],
    ['a file that is not there', ['profile', 'config', 'x', '--file', '/nowhere'], /cannot be read \(ENOENT\)/],
    ['--kind without a file', ['profile', 'config', 'x', '--kind', 'codex'], /--kind goes with --file/],
    ['a credential without its key', ['credential', 'set', 'github-ssh'], /required option '--key-file <file>'/],
    [
      'a key file that is not there',
      ['credential', 'set', 'github-ssh', '--key-file', '/nothing/here'],
      /\/nothing\/here cannot be read \(ENOENT\)/,
    ],
    [
      'a type of no command',
      ['run', 'send', RUN, 'x', '--type', 'shout'],
      /Allowed choices are turn, steer, interrupt/,
    ],
  ];

  const TASK = 'task_0123456789abcdef';
  const CREATE = ['task', 'create', 'true'];
  const OF_TASKS: typeof MISUSES = [
    ['a task without a prompt', ['task', 'create'], /a task needs a prompt/],
    ['a prompt twice', [...CREATE, '--prompt-file', 'x'], /not both/],
    ['a time that is none', [...CREATE, '--not-before', 'tomorrow'], /Give a time/],
    [
      'another task for each repeat of a key',
      [...CREATE, '--not-before', '+1h', '--key', 'k'],
      /give --not-before a time/,
    ],
    ['tokens that are none', [...CREATE, '--max-tokens', '2G'], /whole number/],
    ['--wait-timeout without --watch', [...CREATE, '--wait-timeout', '1s'], /needs --watch/],
    ['what is no task id', ['task', 'show', 'latest'], /task id looks like/],
    ['a watch of nothing', ['task', 'watch'], /missing required argument 'taskId'/],
    ['a cancel that is not waited for', ['task', 'cancel', TASK, '--wait-timeout', '1s'], /needs --wait/],
    ['a limit of nothing', ['queue', 'limit', 'default'], /give the slots, or --max-pending/],
    ['a weight of nobody', ['queue', 'weights', 'default', '3'], /tenant=3/],
    ['a weight of nothing', ['queue', 'weights', 'default', 'acme=0'], /whole number from 1/],
    ['a switch of no position', ['queue', 'auto-dispatch', 'default', 'maybe'], /Allowed choices are on, off/],
  ];

  for (const [why, args, said] of [...MISUSES, ...OF_TASKS]) {
    it(`answers ${why} with exit code 2`, async () => {
      const ended = await cli(args, nowhere());
      assert.equal(ended.code, 2, ended.stderr);
      assert.match(ended.stderr, said);
      assert.equal(ended.stdout, '');
    });
  }

  it('tells misuse as JSON too under --json', async () => {
    const { code, stdout } = await cli(['run', 'show', '--json'], nowhere());
    assert.equal(code, 2);
    const failure = JSON.parse(stdout);
    assert.deepEqual([failure.ok, failure.exitCode], [false, 2]);
    assert.match(failure.message, /runId/);
  });

  it('names a setting that cannot be used', async () => {
    const { code, stderr } = await cli(['run', 'list'], { ...nowhere(), AGENTRUN_PORT: 'http' });
    assert.equal(code, 2);
    assert.match(stderr, /AGENTRUN_PORT/);
  });

  it('says what to do when nothing runs over the data folder', async () => {
    const { code, stdout, stderr } = await cli(['run', 'list'], nowhere());
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /no AgentRun is running over .*nothing-here/);
    assert.match(stderr, /npm start/);
    assert.match(stderr, /AGENTRUN_URL/);
  });

  it('takes a manager whose process is gone for none', async () => {
    const dataDir = join(folder, 'died');
    await mkdir(dataDir);
    const gone = { url: 'http://127.0.0.1:1', pid: 4_194_304, startedAt: 'then', temporalUiUrl: null };
    await writeFile(join(dataDir, 'manager.json'), JSON.stringify(gone));
    const { code, stderr } = await cli(['run', 'list'], { AGENTRUN_DATA_DIR: dataDir });
    assert.equal(code, 1);
    assert.match(stderr, /no AgentRun is running/);
  });

  it('tells a failure as one JSON object on standard output under --json', async () => {
    const { code, stdout, stderr } = await cli(['run', 'list', '--json'], nowhere());
    assert.deepEqual([code, stderr], [1, '']);
    assert.match(JSON.parse(stdout).message, /no AgentRun is running/);
  });

  it('says that AGENTRUN_URL may be wrong when nobody listens there', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { code, stderr } = await cli(['run', 'list'], { ...nowhere(), AGENTRUN_URL: url });
    assert.equal(code, 1);
    assert.match(stderr, /does not answer/);
    assert.ok(stderr.includes(`AGENTRUN_URL is ${url}`), stderr);
  });

  it('uses colours where they are asked for, and never under NO_COLOR', async () => {
    const colored = await cli(['run', 'list'], { ...nowhere(), FORCE_COLOR: '1' });
    assert.ok(colored.stderr.includes('\u001b['));
    const plain = await cli(['run', 'list'], { ...nowhere(), FORCE_COLOR: '1', NO_COLOR: '1' });
    assert.ok(!plain.stderr.includes('\u001b['));
    assert.ok(!(await cli(['run', 'list'], nowhere())).stderr.includes('\u001b['));
  });

  it('shows help and version with exit code 0', async () => {
    const help = await cli(['--help']);
    assert.equal(help.code, 0);
    for (const name of ['up', 'demo', 'run', 'health', 'api', 'worker', 'migrate'])
      assert.match(help.stdout, new RegExp(`\\b${name}\\b`));
    const version = await cli(['--version']);
    assert.deepEqual([version.code, /^\d+\.\d+\.\d+\n$/.test(version.stdout)], [0, true]);
  });

  for (const [role, missing] of [
    ['api', 'AGENTRUN_DATABASE_URL'],
    ['worker', 'AGENTRUN_TEMPORAL_ADDRESS'],
    ['migrate', 'AGENTRUN_DATABASE_URL'],
  ] as const) {
    it(`${role} names ${missing} when it is not set`, async () => {
      const database =
        missing === 'AGENTRUN_DATABASE_URL' ? {} : { AGENTRUN_DATABASE_URL: 'postgresql://127.0.0.1:1/x' };
      const { code, stderr } = await cli([role], { ...nowhere(), ...database });
      assert.equal(code, 2);
      assert.match(stderr, new RegExp(`${missing} is not set`));
    });
  }

  it('up says in one line that its port is taken, before it starts anything', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port } = squatter.address() as { port: number };
    const { code, stderr } = await cli(['up'], { ...nowhere(), AGENTRUN_PORT: String(port) });
    squatter.close();
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^✕ port ${port} is in use\n.*AGENTRUN_PORT`));
  });

  it('says how to build it when it is not built', async () => {
    await mkdir(join(folder, 'checkout/bin'), { recursive: true });
    const copy = join(folder, 'checkout/bin/agentrun.mjs');
    await copyFile(BIN, copy);
    const stderr = await new Promise<string>((resolve) =>
      execFile(process.execPath, [copy], (_e, _out, err) => resolve(err)),
    );
    assert.match(stderr, /not built yet; run `npm ci && npm run build` in .*checkout/);
  });
});
