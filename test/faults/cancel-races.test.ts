import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { isTerminalStatus } from '../../src/domain/outcome.js';
import { eventually, type Answer, type Loose } from '../support/api.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import { untilEnded } from '../support/live-runner.js';
import type { Dice } from './harness/dice.js';
import { faultRounds } from './harness/fault-rounds.js';
import type { Round } from './harness/round.js';
import { RUN } from './harness/system.js';
import { promptOf } from './harness/workload.js';

/** What a cancel races with, so often in each round. */
const RACES = { completion: 4, claim: 4, expiry: 2, command: 4, job: 4, task: 4 } as const;
type Race = keyof typeof RACES;

const END_MS = 90_000;

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
    const { answer, cancels } = await race(planned, async () => cancelRun(round, runner.run), finish);
    // Without an answer it may have come before or after the cancel.
    const word = { 200: answer.body?.data?.status as string, 409: 'cancelled' }[answer.status] ?? 'unknown';
    await endsAs(round, runner.run, endsAnswered([word, ...cancels.map(({ status }) => status)]));
  },
  async claim(round, planned) {
    const run = await made(round, planned.name);
    const body = { runnerId: planned.name, leaseMs: 2_000 };
    const { answer: claim } = await race(
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
    const cancel = async () => round.api.ok('POST', `/api/v1/commands/${turn.id}/cancel`, {});
    const { answer: ended, cancels } = await race(planned, cancel, finish);
    const command = await round.api.get(`${pathOf(runner.run, 'commands')}/${turn.id}`);
    // What was done in spite of a cancel was done. Who says so too late has lost the attempt; without an answer nobody knows.
    if (ended.status === 200) assert.equal(command.state, 'completed');
    else assert.ok([409, 429, 503].includes(ended.status), JSON.stringify(ended.body));
    const answered = cancels.map(({ state }) => state as string).filter(isTerminalStatus);
    assert.deepEqual(new Set([...answered, command.state]), new Set([command.state]), 'an end that was answered stays');
    const done = await runner.api.request('PATCH', pathOf(runner.run, 'status'), { terminalStatus: 'completed' });
    if (done.status !== 200) await cancelRun(round, runner.run);
    await endsAs(round, runner.run, done.status === 200 ? ['completed'] : ['completed', 'cancelled']);
  },
  async job(round, { name, offsetMs, times }) {
    const operation = round.name(name);
    const prompt = promptOf({ id: operation, steps: 8, stepMs: 150 });
    const body = { prompt, run: RUN, idempotencyKey: operation };
    const { command, run } = await round.api.ok('POST', `/api/v1/sessions/${operation}/send`, body);
    round.accepted.push({ operation, kind: 'command', id: command.id, mayBeCancelled: true });
    await delay(offsetMs);
    const answers = await Promise.all(Array.from({ length: times }, async () => cancelRun(round, run)));
    await endsAs(round, run, endsAnswered(answers.map(({ status }) => status)));
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
    const answers = await Promise.all([...cancels, round.api.settled('POST', `${path}/dispatch`)]);
    for (const { status, body: answer } of answers) assert.ok([200, 409].includes(status), JSON.stringify(answer));
    const states = answers.map(({ body: answer }) => answer.data?.state ?? answer.error?.details?.state);
    const ended = await eventually(
      async () => round.api.get(path),
      ({ state }) => isTerminalStatus(state),
      END_MS,
    );
    assert.ok(endsAnswered(states).includes(ended.state), `${id} ended as ${ended.state}: ${JSON.stringify(answers)}`);
  },
};

/** An end that was answered is the end; until one was, either may come. */
function endsAnswered(states: readonly string[]): readonly string[] {
  const ends = [...new Set(states.filter(isTerminalStatus))];
  assert.ok(ends.length <= 1, `two ends were answered: ${ends.join(', ')}`);
  return ends.length === 1 ? ends : ['completed', 'cancelled'];
}

/** Both at once, one of them a little later; answers what each was told. */
async function race(
  { offsetMs, times }: Planned,
  cancel: () => Promise<Loose>,
  other: () => Promise<Answer>,
): Promise<{ answer: Answer; cancels: Loose[] }> {
  const cancelling = async () => {
    await delay(Math.max(0, offsetMs));
    return Promise.all(Array.from({ length: times }, cancel));
  };
  const others = async () => {
    await delay(Math.max(0, -offsetMs));
    return other();
  };
  const [cancels, answer] = await Promise.all([cancelling(), others()]);
  return { answer, cancels };
}

async function made(round: Round, name: string): Promise<Loose> {
  return round.api.ok('POST', '/api/v1/runs', { ...RUN, idempotencyKey: round.name(name) });
}

async function claimed(round: Round, name: string, leaseMs = 60_000): Promise<ForeignRunner> {
  const { id } = await made(round, name);
  return ForeignRunner.claim(round.api, id, { leaseMs });
}

/** Answers the run as it was answered. */
async function cancelRun({ api }: Round, run: Loose): Promise<Loose> {
  return api.ok('POST', pathOf(run, 'cancel'), { reason: 'a race' });
}

/** One terminal word, the same ever after; the checker has seen every change. */
async function endsAs({ api }: Round, run: Loose, words: readonly string[]): Promise<void> {
  const { status } = await untilEnded(api, run.id, END_MS);
  assert.ok(words.includes(status), `${run.id} ended as ${status}, and ${words.join(' or ')} was to be expected`);
}

function pathOf({ id }: Loose, part = ''): string {
  return `/api/v1/runs/${id}${part && `/${part}`}`;
}
