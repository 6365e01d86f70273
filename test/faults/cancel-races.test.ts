import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer, Loose } from '../support/api.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import type { Dice } from './harness/dice.js';
import { faultRounds } from './harness/fault-rounds.js';
import type { Round } from './harness/round.js';
import { RUN } from './harness/system.js';
import { promptOf } from './harness/workload.js';

/** What a cancel races with, so often in each round. */
const RACES = { completion: 4, claim: 4, expiry: 2, command: 4, job: 4, task: 4 } as const;
type Race = keyof typeof RACES;

interface Planned {
  readonly name: string;
  /** Of the cancel, before or after what it races with. */
  readonly offsetMs: number;
  /** So often at once. */
  readonly times: number;
}

faultRounds('fault 10: cancels race with completion, claim, expiry, and with what Jobs and tasks do', {
  fault: 'cancel-races',
  together: true,
  file: import.meta.url,
  async inject(round) {
    const planned = Object.entries(RACES).flatMap(([race, count]) =>
      Array.from({ length: count }, (_, n) => ({
        race: race as Race,
        ...plan(round.dice, race as Race, `${race}-${n}`),
      })),
    );
    round.tell('plan', planned);
    await Promise.all(planned.map(async ({ race, ...how }) => RUNNERS[race](round, how)));
  },
});

function plan(dice: Dice, race: Race, name: string): Planned {
  const [least, most] = race === 'job' || race === 'task' ? [0, 4_000] : race === 'expiry' ? [-300, 900] : [-40, 40];
  return { name, offsetMs: dice.between(least, most), times: dice.between(1, 3) };
}

const RUNNERS: Record<Race, (round: Round, planned: Planned) => Promise<void>> = {
  async completion(round, planned) {
    const runner = await claimed(round, planned.name);
    const finish = async () =>
      runner.api.request('PATCH', pathOf(runner.run, 'status'), { terminalStatus: 'completed' });
    const ended = await race(planned, async () => cancelRun(round, runner.run), finish);
    // Without an answer it may have come before or after the cancel.
    const words = { 200: [ended.body?.data?.status], 409: ['cancelled'] }[ended.status] ?? ['completed', 'cancelled'];
    await endsAs(round, runner.run, words);
  },
  async claim(round, planned) {
    const run = await made(round, planned.name);
    const body = { runnerId: planned.name, leaseMs: 2_000 };
    const claim = await race(
      planned,
      async () => cancelRun(round, run),
      async () => round.api.request('POST', pathOf(run, 'claim'), body),
    );
    assert.ok([200, 409, 429, 503].includes(claim.status), JSON.stringify(claim.body));
    await endsAs(round, run, ['cancelled']);
  },
  async expiry(round, planned) {
    const runner = await claimed(round, planned.name, 1_000);
    await delay(1_000 + planned.offsetMs);
    await cancelRun(round, runner.run);
    await endsAs(round, runner.run, ['cancelled']);
  },
  async command(round, planned) {
    const runner = await claimed(round, planned.name);
    const turn = await round.api.ok('POST', pathOf(runner.run, 'commands'), { payload: { prompt: 'true' } });
    await runner.ack(turn.id);
    const finish = async () =>
      runner.api.request('PATCH', `/api/v1/commands/${turn.id}/status`, { terminalStatus: 'completed' });
    const ended = await race(
      planned,
      async () => round.api.request('POST', `/api/v1/commands/${turn.id}/cancel`, {}),
      finish,
    );
    const command = await round.api.get(`${pathOf(runner.run, 'commands')}/${turn.id}`);
    // What was done in spite of a cancel was done; without an answer nobody knows.
    if (ended.status === 200) assert.equal(command.state, 'completed');
    else assert.ok([429, 503].includes(ended.status), JSON.stringify(ended.body));
    await runner.api.request('PATCH', pathOf(runner.run, 'status'), { terminalStatus: 'completed' });
    await endsAs(round, runner.run, ['completed']);
  },
  async job(round, { name, offsetMs, times }) {
    const operation = round.name(name);
    const prompt = promptOf({ id: operation, steps: 8, stepMs: 150 });
    const body = { prompt, run: RUN, idempotencyKey: operation };
    const { command, run } = await round.api.ok('POST', `/api/v1/sessions/${operation}/send`, body);
    round.accepted.push({ operation, kind: 'command', id: command.id, mayBeCancelled: true });
    await delay(offsetMs);
    await Promise.all(Array.from({ length: times }, async () => cancelRun(round, run)));
    await endsAs(round, run, ['cancelled', 'completed']);
  },
  async task(round, { name, offsetMs, times }) {
    const operation = round.name(name);
    const { tenantId, projectId, backendProfile } = RUN;
    const prompt = promptOf({ id: operation, steps: 8, stepMs: 150 });
    const body = { tenantId, projectId, backendProfile, prompt, autoDispatch: true, idempotencyKey: operation };
    const { id } = await round.api.ok('POST', '/api/v1/queue/tasks', body);
    round.accepted.push({ operation, kind: 'task', id, mayBeCancelled: true });
    await delay(offsetMs);
    const path = `/api/v1/queue/tasks/${id}`;
    const cancels = Array.from({ length: times }, async () => round.api.settled('POST', `${path}/cancel`, {}));
    for (const { status, body: answer } of await Promise.all([
      ...cancels,
      round.api.settled('POST', `${path}/dispatch`),
    ]))
      assert.ok([200, 409].includes(status), JSON.stringify(answer));
  },
};

/** Both at once, one of them a little later; answers what the other was told. */
async function race(
  { offsetMs, times }: Planned,
  cancel: () => Promise<unknown>,
  other: () => Promise<Answer>,
): Promise<Answer> {
  const cancels = async () => {
    await delay(Math.max(0, offsetMs));
    await Promise.all(Array.from({ length: times }, cancel));
  };
  const others = async () => {
    await delay(Math.max(0, -offsetMs));
    return other();
  };
  const [, answer] = await Promise.all([cancels(), others()]);
  return answer;
}

async function made(round: Round, name: string): Promise<Loose> {
  return round.api.ok('POST', '/api/v1/runs', { ...RUN, idempotencyKey: round.name(name) });
}

async function claimed(round: Round, name: string, leaseMs = 60_000): Promise<ForeignRunner> {
  const { id } = await made(round, name);
  return ForeignRunner.claim(round.api, id, { leaseMs });
}

async function cancelRun({ api }: Round, run: Loose): Promise<void> {
  const { status, body } = await api.settled('POST', pathOf(run, 'cancel'), { reason: 'a race' });
  assert.ok([200, 409].includes(status), JSON.stringify(body));
}

/** One terminal word, the same ever after; the checker has seen every change. */
async function endsAs({ api }: Round, run: Loose, words: readonly string[]): Promise<void> {
  for (const giveUpAt = Date.now() + 30_000; ;) {
    const { status, terminalStatus } = await api.get(pathOf(run));
    if (terminalStatus !== null) {
      assert.ok(words.includes(status), `${run.id} ended as ${status}`);
      return;
    }
    assert.ok(Date.now() < giveUpAt, `run ${run.id} does not end`);
    await delay(50);
  }
}

function pathOf({ id }: Loose, part = ''): string {
  return `/api/v1/runs/${id}${part && `/${part}`}`;
}
