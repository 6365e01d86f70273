import assert from 'node:assert/strict';
import { access, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { processesUsing } from '../../src/processes/processes-using.js';
import { eventually } from '../support/api.js';
import { cli, UpStack, type CliProcess } from '../support/cli.js';

const COUNTING = 'for i in $(seq 1 40); do echo "tick $i"; sleep 0.25; done; echo counted';

describe('agentrun up', function () {
  this.timeout(120_000);
  let stack: UpStack;
  let tail: CliProcess;
  let runId: string;

  before(async () => {
    stack = await UpStack.start();
  });
  after(() => stack.remove());

  it('says where it listens, and keeps what is secret to its owner', async () => {
    const { url, temporalUiUrl, operatorTokenFile, pid } = stack.info;
    assert.equal((await fetch(`${url}/health/readiness`)).status, 200);
    assert.equal((await fetch(temporalUiUrl)).status, 200);
    assert.equal((await stat(operatorTokenFile)).mode & 0o077, 0);
    const announced = JSON.parse(await readFile(join(stack.dataDir, 'manager.json'), 'utf8'));
    assert.deepEqual([announced.url, announced.pid], [url, pid]);
  });

  it('refuses a second one over the same folder, in one line', async () => {
    const { code, stdout, stderr } = await cli(['up'], stack.environment);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      new RegExp(`^✕ the data folder ${stack.dataDir} is in use by process ${stack.info.pid};.*\n$`),
    );
  });

  it('prints nothing but what it was asked for, since all else goes to its log', async () => {
    const { run } = await stack.json('run', 'create', '--backend', 'exec', '--prompt', COUNTING);
    runId = run.id;
    tail = stack.spawn('run', 'tail', runId);
    await tail.printed(/tick 3/);
    assert.equal(stack.printed.stdout.trimEnd().split('\n').length, 1);
    assert.match(stack.printed.stderr, /^([…✓ ] ?.*\n)+$/);
    assert.doesNotMatch(stack.printed.stderr, /"level"|sdkComponent|\[INFO\]|WARN/);
    const log = await readFile(join(stack.dataDir, 'logs/manager.log'), 'utf8');
    assert.match(log, /"sdkComponent":"worker"/);
  });

  it('after kill -9, a next one finds servers, data and the working runner again', async () => {
    const before = stack.info.url;
    await stack.end('SIGKILL');
    await tail.printed(/the connection is lost/);
    await stack.startAgain();
    assert.equal(stack.info.url, before);
    assert.match(stack.printed.stderr, /PostgreSQL .*was there already/);
    assert.match(stack.printed.stderr, /Temporal .*was there already/);
    const { code, stdout, stderr } = await tail.ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /connected again/);
    const ticks = [...stdout.matchAll(/tick (\d+)/g)].map(([, number]) => Number(number));
    assert.deepEqual(
      ticks,
      Array.from({ length: 40 }, (_, index) => index + 1),
      'each once, in order',
    );
    assert.match(stdout, /counted\n✓ shell/);
    assert.equal((await stack.json('run', 'show', runId)).run.attempt, 1);
  });

  it('on Ctrl-C says which runners go on, stops, and leaves nothing else behind', async () => {
    const go = join(stack.dataDir, 'go');
    const prompt = `echo on; until [ -e ${go} ]; do sleep 0.1; done`;
    const created = await stack.json('run', 'create', '--backend', 'exec', '--prompt', prompt);
    await eventually(
      () => stack.json('run', 'show', created.run.id),
      ({ run }) => run.status === 'running',
    );
    const { code, stderr } = await stack.end('SIGINT');
    assert.equal(code, 130);
    assert.match(stderr, /1 runner goes on working and is found again at the next start/);
    const left = processesUsing(stack.dataDir);
    assert.ok(left.length > 0 && left.every(({ command }) => /runner|sleep 0\.1/.test(command)), JSON.stringify(left));
    const { code: unreachable, stderr: said } = await stack.run('run', 'list');
    assert.equal(unreachable, 1);
    assert.match(said, /no AgentRun is running/);
    await stack.startAgain();
    await writeFile(go, '');
    const tailed = await stack.run('run', 'tail', created.run.id);
    assert.equal(tailed.code, 0, tailed.stderr);
    assert.equal((await stack.end('SIGTERM')).code, 0);
    await eventually(
      async () => processesUsing(stack.dataDir),
      (users) => users.length === 0,
    );
    await assert.rejects(access(join(stack.dataDir, 'postgres/cluster/postmaster.pid')));
  });
});
