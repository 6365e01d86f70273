import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { Api, type Loose } from '../support/api.js';
import { Dice } from '../faults/harness/dice.js';
import { SEED } from '../faults/harness/settings.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

/** So many in the suite; more by hand. */
const SENDS = Number(process.env['AGENTRUN_TEST_SENDS'] ?? 120);
const SENDERS = 1;
const RUN = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };

/** A runner that does each turn at once and ends its run as soon as nothing is left, so that sends meet ends all the time. */
class HastyRunner {
  /** Commands in the order in which their turns were done. */
  readonly done: string[] = [];
  /** Steers that came too late. */
  readonly handedOn = new Set<string>();
  runs = 0;
  /** How long the last end took to be answered. */
  endMs = 50;
  #stopped = false;

  constructor(
    private readonly api: Api,
    private readonly sessionId: string,
  ) {}

  stop(): void {
    this.#stopped = true;
  }

  async work(): Promise<void> {
    while (!this.#stopped) {
      const { activeRunId } = (await this.api.request('GET', `/api/v1/sessions/${this.sessionId}`)).body.data ?? {};
      if (activeRunId) await this.#serve(activeRunId);
      else await delay(5);
    }
  }

  async #serve(runId: string): Promise<void> {
    const runner = await ForeignRunner.claim(this.api, runId, { leaseMs: 600_000 });
    this.runs += 1;
    for (let seen = 0; ;) {
      const { items } = await runner.poll({ afterSeq: seen });
      for (const command of items) seen = await this.#do(runner, command);
      if (items.length > 0) continue;
      const path = `/api/v1/runs/${runId}/status`;
      const startedAt = performance.now();
      const ended = await runner.api.request('PATCH', path, { terminalStatus: 'completed', lastCommandSeq: seen });
      this.endMs = performance.now() - startedAt;
      if (ended.status === 200) return;
      if (ended.status === 503) continue; // Try again, it says.
      assert.equal(ended.status, 409, JSON.stringify(ended.body));
    }
  }

  /** What is steered into a turn that is over already becomes a turn. */
  async #do(runner: ForeignRunner, { id, seq, type }: Loose): Promise<number> {
    if (type === 'steer') {
      this.handedOn.add(id);
      await runner.finishCommand(id, { terminalStatus: 'cancelled', failureKind: 'cancelled', tooLate: true });
      return seq;
    }
    await runner.ack(id);
    this.done.push(id);
    await runner.finishCommand(id);
    return seq;
  }
}

describe('sends that race with the ends of turns and runs', function () {
  this.timeout(600_000 + SENDS * 1_000);
  let manager: TestManager;
  let api: Api;

  before(async () => {
    manager = await startTestManager();
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async () => manager.stop());

  it(`are all done, each once: ${SENDS} against runs that keep ending, seed ${SEED}`, async () => {
    const dice = Dice.about(SEED, 'sends');
    const sessionId = `race-${Date.now()}`;
    await api.post('/api/v1/sessions', { sessionId, ...RUN });
    const runner = new HastyRunner(api, sessionId);
    const working = runner.work();
    const sent: Loose[] = [];
    const sender = async (number: number) => {
      for (let n = number; n < SENDS; n += SENDERS) {
        let last: string;
        const body = { prompt: `echo ${n}`, run: RUN, createRunnerJob: false, idempotencyKey: `n-${n}` };
        // A caller who is told to come again comes again, with the same key.
        for (;;) {
          const answer = await api.request('POST', `/api/v1/sessions/${sessionId}/send`, body);
          if (answer.status !== 503) {
            assert.equal(answer.status, 200, JSON.stringify(answer.body));
            sent.push(answer.body.data);
            last = answer.body.data.command.id;
            break;
          }
        }
        while (!runner.done.includes(last) && !runner.handedOn.has(last)) await delay(2);
        // As the run ends: a little before, or a little after.
        await delay(dice.next() * 2 * runner.endMs);
      }
    };
    await Promise.all(Array.from({ length: SENDERS }, (_, number) => sender(number)));
    const open = async () =>
      manager.database.query(`SELECT id FROM commands WHERE state IN ('pending', 'acknowledged')`);
    for (const giveUpAt = Date.now() + 60_000; (await open()).length > 0 && Date.now() < giveUpAt;) await delay(50);
    runner.stop();
    await working;
    assert.deepEqual(await open(), []);
    const final = await Promise.all(sent.map(async ({ command }) => finalCommand(api, command)));
    assert.equal(new Set(final).size, SENDS);
    assert.deepEqual([...runner.done].sort(), final.sort());
    assert.ok(runner.runs > 1, `only ${runner.runs} runs`);
  });
});

/** The command itself, or the turn that a steer which came too late became. */
async function finalCommand(api: Api, { id, runId }: Loose): Promise<string> {
  const { state, supersededBy } = await api.get(`/api/v1/runs/${runId}/commands/${id}`);
  if (supersededBy !== null) return supersededBy;
  assert.equal(state, 'completed');
  return id;
}
