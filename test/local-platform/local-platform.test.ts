import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isJobOver } from '../../src/domain/runner-job-status.js';
import { signalProcess } from '../../src/processes/process-tree.js';
import { eventually } from '../support/eventually.js';
import { ScriptedManager } from '../support/scripted-manager.js';
import { PlatformFixture, STUBBORN_RUNNER } from './platform-fixture.js';
import { RUNNER_PROGRAM } from '../../src/domain/runner-program.js';
import { packageRoot } from '../../src/processes/package-root.js';

describe('the local platform', () => {
  let fixture: PlatformFixture;
  let manager: ScriptedManager;

  beforeEach(async () => {
    fixture = await PlatformFixture.create();
    manager = await ScriptedManager.start();
  });
  afterEach(async () => {
    await fixture.dispose();
    await manager.close();
  });

  const launchFor = (more = {}) => fixture.launchOf({ runId: manager.runId, managerUrl: manager.url, ...more });
  const stubborn = async () => {
    const [platform, launch] = [fixture.platform(STUBBORN_RUNNER), fixture.launchOf()];
    await platform.launch(launch);
    await eventually('the stubborn runner has its children', () => fixture.living(launch.jobName).length >= 5);
    // Its last word at its start: by then it heeds no signal.
    await eventually('it is stubborn', async () =>
      (await platform.logTail(launch.jobName, 1_000)).includes('stubborn'),
    );
    return { platform, launch };
  };

  it('runs the runner program with its token and tells of its end', async () => {
    manager.endsWithTurn = true;
    const turn = manager.add('turn', 'echo $GREETING');
    const platform = fixture.platform();
    const { told } = fixture.watch(platform);
    const launch = launchFor({ env: { GREETING: 'hello' } });
    const launched = await platform.launch(launch);
    assert.deepEqual([launched.status, launched.runId, launched.attempt], ['running', manager.runId, 1]);
    const ended = await eventually('its end is told', () => told[0]);
    assert.deepEqual(
      [ended.jobName, ended.status, ended.reason, ended.exitCode],
      [launch.jobName, 'succeeded', 'exited', 0],
    );
    assert.equal(manager.output(turn.id), 'hello\n');
    assert.equal(manager.run.claimedBy, launch.runnerId);
    assert.deepEqual(await platform.describe(launch.jobName), ended);
    assert.deepEqual(await platform.list(), [ended]);
  });

  it('launches a Job once, however often and whenever it is asked to', async () => {
    const [platform, launch] = [fixture.platform(), launchFor()];
    const views = await Promise.all([platform.launch(launch), platform.launch(launch)]);
    const pid = await readFile(fixture.folder(launch.jobName, 'pid.json'), 'utf8');
    views.push(await fixture.platform().launch(launch));
    assert.deepEqual(new Set(views.map((view) => view.status)), new Set(['running']));
    assert.equal(await readFile(fixture.folder(launch.jobName, 'pid.json'), 'utf8'), pid);
    const leaders = fixture.living(launch.jobName).filter((entry) => entry.pid === entry.pgid);
    assert.deepEqual(
      leaders.map((entry) => entry.pid),
      [JSON.parse(pid).pid],
    );
  });

  it('adopts a runner whose process nobody wrote down', async () => {
    const launch = launchFor();
    await fixture.platform().launch(launch);
    const pidFile = fixture.folder(launch.jobName, 'pid.json');
    const pid = await readFile(pidFile, 'utf8');
    await rm(pidFile);
    assert.equal((await fixture.platform().launch(launch)).status, 'running');
    assert.equal(await readFile(pidFile, 'utf8'), pid);
  });

  it('starts again a runner that never got its token', async () => {
    const [platform, launch] = [fixture.platform(), launchFor()];
    await platform.launch(launch);
    await platform.stop(launch.jobName, { graceMs: 5_000 });
    await rm(fixture.folder(launch.jobName, 'pid.json'));
    await rm(fixture.folder(launch.jobName, 'stop.json'));
    await writeFile(fixture.folder(launch.jobName, 'exit.json'), '{"exitCode":5}\n');
    const { told, stop } = fixture.watch(platform);
    assert.equal((await platform.describe(launch.jobName))?.status, 'starting');
    await delay(200);
    await stop();
    assert.deepEqual(told, [], 'its attempt is not over: its launch is repeated');
    assert.equal((await platform.launch(launch)).status, 'running');
  });

  it('tells of a runner that never got its token once it was stopped, or its launch was said to be done', async () => {
    const platform = fixture.platform();
    const [stopped, launched] = [launchFor(), launchFor()];
    for (const launch of [stopped, launched]) {
      const { jobName } = launch;
      await platform.launch(launch);
      await platform.stop(jobName, { graceMs: 5_000 });
      await rm(fixture.folder(jobName, 'stop.json'));
      await writeFile(fixture.folder(jobName, 'exit.json'), '{"exitCode":5}\n');
    }
    await rm(fixture.folder(stopped.jobName, 'pid.json'));
    const { told } = fixture.watch(platform);
    assert.equal((await platform.stop(stopped.jobName, { graceMs: 0 }))?.status, 'stopped');
    await eventually('both are told', () => told.length === 2);
    assert.deepEqual(told.map(({ jobName, status }) => [jobName === stopped.jobName, status]).toSorted(), [
      [false, 'failed'],
      [true, 'stopped'],
    ]);
  });

  it('does not start a Job that was stopped before its process was', async () => {
    const [platform, launch] = [fixture.platform(), launchFor()];
    await platform.launch(launch);
    await platform.stop(launch.jobName, { graceMs: 5_000 });
    await rm(fixture.folder(launch.jobName, 'pid.json'));
    // Its wrapper may have been stopped before it could write that down.
    await rm(fixture.folder(launch.jobName, 'exit.json'), { force: true });
    assert.equal((await platform.launch(launch)).status, 'stopped');
    assert.deepEqual(fixture.living(launch.jobName), []);
  });

  it('lets runners live on when the manager ends, and finds them again', async () => {
    const launch = launchFor();
    const module = fileURLToPath(new URL('../../src/local-platform/local-platform.js', import.meta.url));
    const program = {
      nodePath: process.execPath,
      entryPath: '',
      environment: { PATH: process.env['PATH'] },
      settings: {},
    };
    program.entryPath = join(packageRoot, RUNNER_PROGRAM);
    const options = { dataDir: fixture.dataDir, program };
    const script = `const { LocalPlatform } = await import(${JSON.stringify(module)});
      await new LocalPlatform(${JSON.stringify(options)}).launch(${JSON.stringify(launch)}); process.exit(0)`;
    const other = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
    assert.deepEqual(await once(other, 'exit'), [0, null]);
    manager.endsWithTurn = true;
    const platform = fixture.platform();
    assert.equal((await platform.describe(launch.jobName))?.status, 'running');
    const { told } = fixture.watch(platform);
    manager.add('turn', 'true');
    const ended = await eventually('its end is told', () => told[0]);
    assert.deepEqual([ended.status, ended.exitCode], ['succeeded', 0]);
  });

  it('stops a runner in its own way, with its agent', async () => {
    const turn = manager.add('turn', 'setsid sleep 300 & echo ready; sleep 300');
    const [platform, launch] = [fixture.platform(), launchFor()];
    await platform.launch(launch);
    await manager.until(() => manager.output(turn.id).includes('ready'));
    const stopped = await platform.stop(launch.jobName, { graceMs: 10_000 });
    assert.deepEqual([stopped?.status, stopped?.exitCode], ['stopped', 143]);
    assert.deepEqual(fixture.living(launch.jobName), []);
    assert.deepEqual(await platform.stop(launch.jobName, { graceMs: 0 }), stopped);
  });

  it('stops a runner also where that cannot be written down, as on a full disk', async () => {
    const [platform, launch] = [fixture.platform(), launchFor()];
    await platform.launch(launch);
    await mkdir(fixture.folder(launch.jobName, `stop.json.${process.pid}.part`));
    assert.equal(isJobOver((await platform.stop(launch.jobName, { graceMs: 5_000 }))!), true);
    assert.deepEqual(fixture.living(launch.jobName), []);
  });

  it('stops by force what does not heed, wherever its processes went', async () => {
    const { platform, launch } = await stubborn();
    const stopped = await platform.stop(launch.jobName, { graceMs: 3_000 });
    assert.deepEqual([stopped?.status, stopped?.reason], ['stopped', 'killed']);
    assert.deepEqual(fixture.living(launch.jobName), []);
    assert.match(await platform.logTail(launch.jobName, 1_000), /stubborn\nnot yet\n$/);
  });

  it('answers undefined for a Job that never was', async () => {
    const platform = fixture.platform();
    assert.equal(await platform.stop('never-was', { graceMs: 0 }), undefined);
    assert.equal(await platform.describe('never-was'), undefined);
    assert.equal(await platform.logTail('never-was', 10), '');
    assert.deepEqual(await platform.list(), []);
  });

  it('tells of a runner that was killed only when what it left is gone', async () => {
    const { platform, launch } = await stubborn();
    const leader = fixture
      .living(launch.jobName)
      .find((entry) => entry.pid === entry.pgid && entry.ppid === process.pid);
    const runner = fixture.living(launch.jobName).find((entry) => entry.ppid === leader?.pid);
    signalProcess(runner!.pid, 'SIGKILL');
    const left: number[] = [];
    const { told } = fixture.watch(platform, async () => void left.push(fixture.living(launch.jobName).length));
    const ended = await eventually('its end is told', () => told[0]);
    assert.deepEqual([ended.status, ended.reason, ended.exitCode], ['failed', 'killed', 137]);
    assert.deepEqual(left, [0]);
  });

  it('calls a Job lost that is gone without a word', async () => {
    const { platform, launch } = await stubborn();
    for (const entry of fixture.living(launch.jobName)) signalProcess(entry.pid, 'SIGKILL');
    const { told } = fixture.watch(platform);
    const ended = await eventually('its end is told', () => told[0]);
    assert.deepEqual([ended.status, ended.reason, ended.exitCode], ['lost', 'vanished', null]);
  });

  it('tells of Jobs that ended while nobody watched, once, and again where it was not taken', async () => {
    const [platform, launch] = [fixture.platform(), launchFor()];
    await platform.launch(launch);
    await platform.stop(launch.jobName, { graceMs: 5_000 });
    let refusals = 0;
    const first = fixture.watch(platform, async () => {
      if (refusals++ === 0) throw new Error('not now');
    });
    await eventually('its end is told', () => first.told[0]);
    assert.equal(refusals, 2);
    await first.stop();
    const again = fixture.watch(fixture.platform());
    const other = fixture.launchOf({ managerUrl: manager.url });
    await platform.launch(other);
    await eventually('the other end is told', () => again.told[0]);
    assert.deepEqual(
      again.told.map((view) => view.jobName),
      [other.jobName],
    );
  });

  it('keeps the token out of files, environments and command lines', async () => {
    const turn = manager.add('turn', 'echo ready; sleep 300');
    const [platform, launch] = [fixture.platform(), launchFor()];
    await platform.launch(launch);
    await manager.until(() => manager.output(turn.id).includes('ready'));
    const files = await readdir(fixture.dataDir, { recursive: true, withFileTypes: true });
    const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
    const processes = fixture
      .living(launch.jobName)
      .flatMap(({ pid }) => [`/proc/${pid}/environ`, `/proc/${pid}/cmdline`]);
    assert.ok(processes.length >= 6 && paths.length >= 3);
    for (const path of [...paths, ...processes]) {
      const text = await readFile(path, 'utf8');
      assert.ok(!/planted-secret-token|token-of-the-attempt/.test(text), path);
    }
  });

  it('prunes the folders of Jobs that ended and were told of', async () => {
    const [platform, launch, live] = [fixture.platform(), launchFor(), launchFor()];
    await platform.launch(launch);
    await platform.launch(live);
    await platform.stop(launch.jobName, { graceMs: 5_000 });
    assert.deepEqual(await platform.listEnded({ olderThanMs: 0 }), []);
    const { told } = fixture.watch(platform);
    await eventually('its end is told', () => told[0]);
    const ended = await eventually('it is listed', async () => (await platform.listEnded({ olderThanMs: 0 }))[0]);
    assert.equal(ended, launch.jobName);
    await platform.forget(ended);
    assert.deepEqual(await readdir(fixture.folder('')), [live.jobName]);
  });

  it('says what it lacks to be ready', async () => {
    assert.deepEqual(await fixture.platform().ready(), { ready: true });
    const { ready, message } = await fixture.platform('/nowhere/runner.js').ready();
    assert.equal(ready, false);
    assert.match(message ?? '', /nowhere/);
  });

  it('refuses a name that leads elsewhere', async () => {
    await assert.rejects(fixture.platform().launch(fixture.launchOf({ jobName: '../out' })), {
      failureKind: 'schema-invalid',
    });
    await assert.rejects(fixture.platform().launch(launchFor({ volumeName: '../out' })), {
      failureKind: 'schema-invalid',
    });
  });

  it('refuses for good an environment that no process can be started with', async () => {
    const env = Object.fromEntries(Array.from({ length: 99 }, (_, index) => [`BIG_${index}`, 'x'.repeat(32_000)]));
    const launch = launchFor({ env });
    await assert.rejects(fixture.platform().launch(launch), { failureKind: 'runner-start-failed', refusal: 'invalid' });
  });
});
