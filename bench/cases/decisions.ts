import { claimRun, createRun, type Bed } from '../bed.js';
import { compare, repeat, story, type Comparison, type Effort, type Step } from '../rounds.js';
import { events } from './append.js';
import { withMemory } from './clients.js';

/** What a workflow decides: from nothing to a runner's first event, and each decision by itself, of one client and of some at once. */
export async function decisionCases(bed: Bed, effort: Effort): Promise<Comparison[]> {
  const done = [await firstEventCase(bed, effort), await decisionCase(bed, effort)];
  for (const clients of effort.quick ? [4] : [4, 16]) done.push(await decisionsAtOnceCase(bed, effort, clients));
  return done;
}

/** Each turn takes some tenths of a second. */
const roundsOf = ({ quick }: Effort) => (quick ? 5 : 11);

async function firstEventCase(bed: Bed, effort: Effort): Promise<Comparison> {
  const floor = 'update-with-start + update + insert';
  const count = effort.quick ? 1 : 2;
  return compare({
    title: 'from nothing to the first event · one after another',
    rounds: roundsOf(effort),
    budgetMs: effort.budgetMs,
    warmUps: effort.warmUps,
    floors: [floor],
    contenders: [
      repeat(floor, count, async () => {
        const workflowId = await bed.bareTemporal.open();
        await bed.bareTemporal.touch(workflowId);
        await bed.bareDatabase.insert(workflowId, events(1));
      }),
      repeat('create run + claim + append over HTTP', count, async () => {
        const { id, runner } = await claimRun(bed.api, await createRun(bed.api));
        await runner.send('POST', `/api/v1/runs/${id}/events`, { events: events(1) });
      }),
    ],
  });
}

async function decisionCase(bed: Bed, effort: Effort): Promise<Comparison> {
  const floors = ['bare update', 'update + empty activity'];
  const count = effort.quick ? 1 : 2;
  const workflowId = await bed.bareTemporal.open();
  return compare({
    title: 'one decision · one after another',
    rounds: roundsOf(effort),
    budgetMs: 2 * effort.budgetMs,
    warmUps: effort.warmUps,
    floors,
    contenders: [
      repeat(floors[0]!, 4 * count, () => bed.bareTemporal.touch(workflowId)),
      repeat(floors[1]!, 4 * count, () => bed.bareTemporal.record(workflowId)),
      story(count, (step) => oneTurn(bed, step)),
    ],
  });
}

/** So many clients at once, each with a run of its own, say the same. The processor time of a whole life is shown at its first step. */
async function decisionsAtOnceCase(bed: Bed, effort: Effort, clients: number): Promise<Comparison> {
  const { bareTemporal, pids } = bed;
  const floor = 'bare update';
  const workflows = await Promise.all(Array.from({ length: clients }, () => bareTemporal.open()));
  const updates = repeat(floor, 2, (worker) => bareTemporal.touch(workflows[worker]!), clients);
  const lives = story(1, (step) => oneTurn(bed, step), clients);
  const comparison = await compare({
    title: `one decision · ${clients} clients`,
    rounds: effort.quick ? 3 : 7,
    budgetMs: 4 * effort.budgetMs,
    warmUps: effort.warmUps,
    workers: clients,
    floors: [floor],
    spenders: {
      'manager, bare worker': [pids.manager, pids.bareWorker],
      PostgreSQL: [pids.postgres],
      Temporal: [pids.temporal],
    },
    contenders: [updates, lives],
  });
  return withMemory(bed, comparison);
}

/** A run's whole life by hand, each step timed. */
async function oneTurn(bed: Bed, step: Step): Promise<void> {
  const { api } = bed;
  const id = await step('create run', () => createRun(api));
  const turn = { type: 'turn', payload: { prompt: 'true' } };
  const command = await step('add command', () => api.send('POST', `/api/v1/runs/${id}/commands`, turn));
  const { runner } = await step('claim', () => claimRun(api, id));
  const path = `/api/v1/commands/${command.id}`;
  const ended = { terminalStatus: 'completed' };
  await step('ack', () => runner.send('POST', `${path}/ack`, {}));
  await step('finish command', () => runner.send('PATCH', `${path}/status`, ended));
  await step('finish run', () => runner.send('PATCH', `/api/v1/runs/${id}/status`, ended));
}
