import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { HttpClient } from '../../src/client/http-client.js';
import { RUNNER_EXIT_CODES } from '../../src/domain/runner-program.js';
import { createLog } from '../../src/runner/log.js';
import { RunApi } from '../../src/runner/run-api.js';
import { exitOf, RunnerFixture } from '../support/runner-fixture.js';
import type { ScriptedManager } from '../support/scripted-manager.js';

const COUNT = 'i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo $i; sleep 0.02; done';
const COUNTED = Array.from({ length: 40 }, (_, index) => `${index + 1}\n`).join('');

/** Begins to look for how long this process does not get its turn; answers it, and looks no more, when called. */
function standstill(): () => number {
  const everyMs = 50;
  let [at, totalMs] = [performance.now(), 0];
  const look = () => {
    const sinceMs = performance.now() - at;
    if (sinceMs > 2 * everyMs) totalMs += sinceMs - everyMs;
    at += sinceMs;
  };
  const timer = setInterval(look, everyMs);
  return () => {
    clearInterval(timer);
    look();
    return totalMs;
  };
}

describe('the runner, when the manager cannot be reached', () => {
  let fixture: RunnerFixture;
  let manager: ScriptedManager;

  beforeEach(async () => {
    fixture = await RunnerFixture.create();
    manager = fixture.manager;
  });
  afterEach(() => fixture.dispose());

  it('goes on with the turn while the manager restarts, and loses and doubles nothing', async () => {
    const turn = manager.add('turn', COUNT);
    void fixture.start();
    await manager.until(() => manager.output(turn.id).includes('5\n'));
    await manager.close();
    await delay(300);
    await manager.listen();
    await manager.ended(turn);
    assert.deepEqual([turn.terminalStatus, manager.output(turn.id)], ['completed', COUNTED]);
    assert.ok(!manager.phases().includes('turn/again'));
  });

  it('repeats what got no answer without doing anything twice', async () => {
    let requests = 0;
    manager.faultFor = () => ++requests % 2 === 1;
    manager.fault = 'lose';
    const turn = manager.add('turn', COUNT);
    void fixture.start();
    await manager.ended(turn);
    assert.deepEqual([turn.terminalStatus, manager.output(turn.id)], ['completed', COUNTED]);
  });

  it('ends when no manager has answered for longer than it waits, before its claim and after it', async () => {
    const waiting = (ms: string) => ({ AGENTRUN_RUNNER_GIVE_UP_MS: ms, AGENTRUN_LEASE_MS: '60000' });
    manager.fault = 'drop';
    assert.equal(await fixture.start(waiting('600')), 'abandoned');
    manager.fault = 'none';
    const turn = manager.add('turn', 'echo begun; setsid sleep 300');
    const program = fixture.spawn(waiting('3000'));
    await manager.until(() => manager.output(turn.id) === 'begun\n');
    manager.fault = 'drop';
    assert.equal(await exitOf(program), RUNNER_EXIT_CODES.abandoned);
    await fixture.untilGone();
  });

  it('takes an answer of 503 for a sign of the manager, and none for none', async () => {
    const client = new HttpClient({ baseUrl: manager.url, token: 'first-token' });
    const about = { runId: manager.runId, runnerId: 'rnr_test', log: createLog({}, 'silent') };
    const api = new RunApi({ client, ...about, signal: new AbortController().signal });
    const afterRenewal = async (fault: ScriptedManager['fault']) => {
      manager.fault = fault;
      await delay(300);
      await assert.rejects(api.renew(60_000, 1_000));
      return api.silentMs;
    };
    assert.ok((await afterRenewal('error')) < 300);
    assert.ok((await afterRenewal('drop')) >= 300);
  });

  it('rides out answers of 503', async () => {
    let requests = 0;
    manager.faultFor = () => ++requests % 3 !== 0;
    manager.fault = 'error';
    const turn = manager.add('turn', 'echo through');
    void fixture.start();
    await manager.ended(turn);
    assert.equal(manager.output(turn.id), 'through\n');
  });

  it('stops the agent before its lease could have ended, and plays the turn again in the same attempt', async () => {
    const leaseMs = 10_000;
    const turn = manager.add('turn', 'echo start; if [ -e again ]; then exit 0; fi; touch again; setsid sleep 300');
    void fixture.start({ AGENTRUN_LEASE_MS: String(leaseMs) });
    await manager.until(() => manager.output(turn.id) === 'start\n' && manager.renewedAt.length > 0);
    manager.fault = 'drop';
    const lastRenewal = manager.renewedAt.at(-1)!;
    const stoodStill = standstill();
    await fixture.untilGone(2 * leaseMs + 10_000);
    // The runner is in this process: where the machine lets it stand still, it can stop nobody meanwhile.
    const goneAfterMs = performance.now() - lastRenewal - stoodStill();
    assert.ok(goneAfterMs < leaseMs, `the agent was there until ${goneAfterMs} ms after the last renewal`);
    assert.equal(turn.terminalStatus, null);
    manager.fault = 'none';
    await manager.ended(turn, 30_000);
    assert.equal(turn.terminalStatus, 'completed');
    assert.equal(manager.output(turn.id), 'start\nstart\n');
    assert.ok(manager.phases().includes('turn/again'));
    assert.equal(manager.run.threadId, turn.threadId);
  }).timeout(90_000);

  it("ends at once, with its agent, when the attempt is another's", async () => {
    const turn = manager.add('turn', 'echo ready; setsid sleep 300');
    const end = fixture.start({ AGENTRUN_LEASE_MS: '1000' });
    await manager.until(() => manager.output(turn.id).includes('ready'));
    manager.attemptIsOver = true;
    assert.equal(await end, 'attempt-over');
    assert.deepEqual(fixture.living(), []);
    assert.equal(turn.terminalStatus, null);
  });

  it('does not count silence against the agent while its events cannot get away', async () => {
    manager.run.executionPolicy.idleTimeoutMs = 10_000;
    const turn = manager.add('turn', 'head -c 20000000 /dev/zero | tr "\\0" x; echo end');
    void fixture.start();
    await manager.until(() => manager.output(turn.id).length > 0);
    manager.fault = 'error';
    await delay(12_000);
    manager.fault = 'none';
    await manager.ended(turn, 40_000);
    assert.equal(turn.terminalStatus, 'completed');
    assert.equal(manager.output(turn.id).length, 20_000_004);
  }).timeout(90_000);

  it('says so in place of an event that the manager refuses, and sends the others', async () => {
    manager.refusesEvent = (payload) => String(payload['text']).startsWith('bad');
    const turn = manager.add('turn', 'echo good; sleep 0.1; echo bad >&2; sleep 0.1; echo better');
    void fixture.start();
    await manager.ended(turn);
    assert.equal(manager.output(turn.id), 'good\nbetter\n');
    const stand = manager.events.find((event) => event.type === 'error');
    assert.match(String(stand?.payload['message']), /command_output was refused/);
  });

  it('ends without a word when another runner holds the run', async () => {
    manager.attemptIsOver = true;
    assert.equal(await fixture.start(), 'attempt-over');
  });

  it('ends when it finds the run ended', async () => {
    Object.assign(manager.run, { status: 'completed', terminalStatus: 'completed' });
    assert.equal(await fixture.start(), 'run-ended');
  });
});
