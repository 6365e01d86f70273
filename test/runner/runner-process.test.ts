import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { exitOf, RunnerFixture } from '../support/runner-fixture.js';
import type { ScriptedManager } from '../support/scripted-manager.js';

describe('the runner program', () => {
  let fixture: RunnerFixture;
  let manager: ScriptedManager;

  beforeEach(async () => {
    fixture = await RunnerFixture.create();
    manager = fixture.manager;
  });
  afterEach(() => fixture.dispose());

  it('leaves with 143 on SIGTERM: its agent ended, all it said sent, its turn open', async () => {
    const turn = manager.add(
      'turn',
      'trap "echo bye; exit 0" TERM; setsid sleep 300 & echo ready; while :; do sleep 0.1; done',
    );
    const runner = fixture.spawn();
    await manager.until(() => manager.output(turn.id).includes('ready'));
    runner.kill('SIGTERM');
    assert.equal(await exitOf(runner), 143);
    assert.deepEqual(fixture.living(), []);
    assert.equal(manager.output(turn.id, 'stdout'), 'ready\nbye\n');
    assert.equal(turn.terminalStatus, null);
  });

  it('runs an unfinished turn again in the next attempt, on the same thread', async () => {
    const turn = manager.add(
      'turn',
      'echo x >> log; if [ $(wc -l < log) -gt 1 ]; then cat log; exit; fi; echo ready; sleep 300',
    );
    const first = fixture.spawn();
    await manager.until(() => manager.output(turn.id).includes('ready'));
    const { threadId } = turn;
    first.kill('SIGKILL');
    await exitOf(first);
    manager.run.attempt = 2;
    fixture.spawn({ AGENTRUN_ATTEMPT: '2' });
    await manager.ended(turn);
    assert.equal(manager.output(turn.id), 'ready\nx\nx\n');
    assert.equal(turn.threadId, threadId);
    assert.ok(manager.phases().includes('thread/resumed'));
  });

  it('does not run a turn again whose end it had on the disk, and reports that end', async () => {
    const turn = manager.add('turn', 'echo x >> log; echo ran; exit 9');
    manager.faultFor = (request) => request.method === 'PATCH' && request.path.endsWith(`${turn.id}/status`);
    manager.fault = 'hang';
    const first = fixture.spawn();
    await manager.until(() => manager.requests.some((request) => manager.faultFor(request)));
    first.kill('SIGKILL');
    await exitOf(first);
    manager.fault = 'none';
    manager.run.attempt = 2;
    fixture.spawn({ AGENTRUN_ATTEMPT: '2' });
    await manager.ended(turn);
    assert.deepEqual([turn.terminalStatus, turn.failureKind], ['failed', 'backend-failed']);
    assert.match(turn.failureMessage ?? '', /exit code 9/);
    assert.equal(await readFile(join(fixture.workspace, 'log'), 'utf8'), 'x\n');
    assert.equal(manager.output(turn.id), 'ran\n');
  });

  it('accepts nothing more from its agent after it stood still past its lease', async () => {
    const leaseMs = 6_000;
    const turn = manager.add(
      'turn',
      'n=$(cat n 2>/dev/null || echo 0); echo $((n+1)) > n; while :; do echo $n $(date +%s%3N); sleep 0.02; [ -e stop ] && exit; done',
    );
    const runner = fixture.spawn({ AGENTRUN_LEASE_MS: String(leaseMs) });
    await manager.until(() => manager.output(turn.id).includes('\n') && manager.renewedAt.length > 0);
    runner.kill('SIGSTOP');
    const stoppedAt = Date.now();
    await delay(leaseMs + 300);
    runner.kill('SIGCONT');
    await manager.until(() => manager.output(turn.id).includes('\n1 '));
    manager.add('interrupt');
    await manager.ended(turn);
    const times = [...manager.output(turn.id).matchAll(/^0 (\d+)$/gm)].map((match) => Number(match[1]));
    assert.ok(times.length > 0);
    // What was in the pipe when it stopped may be a moment younger than our signal.
    assert.ok(Math.max(...times) < stoppedAt + 200, `accepted ${Math.max(...times) - stoppedAt} ms after`);
    assert.ok(manager.phases().includes('turn/again'));
  });

  it('ends with its agent when its lease was given away while it stood still', async () => {
    const turn = manager.add('turn', 'setsid sleep 300 & echo ready; while :; do echo more; sleep 0.05; done');
    const runner = fixture.spawn({ AGENTRUN_LEASE_MS: '1000' });
    await manager.until(() => manager.output(turn.id).includes('ready'));
    runner.kill('SIGSTOP');
    await delay(1_100);
    manager.attemptIsOver = true;
    const events = manager.events.length;
    runner.kill('SIGCONT');
    assert.equal(await exitOf(runner), 3);
    assert.equal(manager.events.length, events);
    assert.deepEqual(fixture.living(), []);
  });

  it('takes 400 MB of output in bounded memory, with its lease kept on time', async function () {
    this.timeout(260_000);
    const [bytes, leaseMs] = [400_000_000, 9_000];
    manager.countsOutput = true;
    const turn = manager.add('turn', `yes 0123456789abcdef | head -c ${bytes}`);
    const runner = fixture.spawn({ AGENTRUN_LEASE_MS: String(leaseMs) });
    await manager.until(() => manager.outputBytes > 0);
    const beganAt = performance.now();
    await manager.ended(turn, 240_000);
    const endedAt = performance.now();
    assert.deepEqual([turn.terminalStatus, manager.outputBytes], ['completed', bytes]);
    const peakKiB = Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${runner.pid}/status`, 'utf8'))?.[1]);
    assert.ok(peakKiB < 400_000, `peak memory was ${peakKiB} KiB`);
    const marks = [beganAt, ...manager.renewedAt.filter((at) => at > beganAt && at < endedAt), endedAt];
    const gaps = marks.slice(1).map((at, index) => at - marks[index]!);
    // After nine tenths of it without an answer a runner doubts its lease.
    assert.ok(Math.max(0, ...gaps) < 0.9 * leaseMs, `renewals were ${gaps.map(Math.round).join(', ')} ms apart`);
    if (process.env['SHOW_RUNNER']) console.log({ peakKiB, gaps: gaps.map(Math.round) });
  });

  it('makes its agent wait while the manager is slow, rather than keep what it says', async () => {
    manager.appendDelayMs = 100;
    const turn = manager.add('turn', 'while :; do head -c 1000000 /dev/zero | tr "\\0" x; echo 1 >> count; done');
    fixture.spawn();
    await manager.until(() => manager.output(turn.id).length > 0);
    manager.fault = 'error';
    const size = async () => (await readFile(join(fixture.workspace, 'count'), 'utf8').catch(() => '')).length;
    for (let before = -1; before !== (await size());) {
      before = await size();
      await delay(500);
    }
    assert.ok((await size()) / 2 < 30, `${(await size()) / 2} MB were taken in`);
    manager.fault = 'none';
    manager.add('interrupt');
    await manager.ended(turn);
  });

  it("leaves soon on SIGTERM also while nothing of its agent's flood gets away", async () => {
    manager.add('turn', 'trap "" TERM; yes');
    const runner = fixture.spawn();
    await manager.until(() => manager.events.some((event) => event.type === 'command_output'));
    manager.fault = 'error';
    await delay(500);
    const askedAt = Date.now();
    runner.kill('SIGTERM');
    assert.equal(await exitOf(runner), 143);
    assert.ok(Date.now() - askedAt < 20_000, `it took ${Date.now() - askedAt} ms`);
    assert.deepEqual(fixture.living(), []);
  });

  it('names the setting that is missing, and leaves with 2', async () => {
    const runner = fixture.spawn({ AGENTRUN_VOLUME_DIR: '' });
    let said = '';
    runner.stderr?.on('data', (text: Buffer) => (said += text.toString()));
    assert.equal(await exitOf(runner), 2);
    assert.match(said, /AGENTRUN_VOLUME_DIR/);
  });

  it('leaves with 0 and nothing behind when the run ended', async () => {
    manager.endsWithTurn = true;
    manager.add('turn', 'setsid sleep 300 & echo done');
    assert.equal(await exitOf(fixture.spawn()), 0);
    assert.deepEqual(fixture.living(), []);
  });
});
