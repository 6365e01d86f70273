import { claimRun, type Bed } from '../bed.js';
import { compare, loop, type Comparison, type Effort } from '../rounds.js';
import { events } from './append.js';

const FLOOR = 'hello-world workflow with one activity';
const TURN_MS = 3_000;

/** Whole small runs a second, as callers and runners ask for them over HTTP, against a workflow that does nothing with one activity. */
export async function wholeRunCases(bed: Bed, effort: Effort): Promise<Comparison[]> {
  const done: Comparison[] = [];
  for (const workers of effort.quick ? [4] : [1, 4, 16]) done.push(await wholeRunCase(bed, workers, effort));
  return done;
}

async function wholeRunCase(bed: Bed, workers: number, effort: Effort): Promise<Comparison> {
  const settings = { workers, sliceMs: TURN_MS };
  const { pids } = bed;
  return compare({
    title: `whole small runs · ${workers} at once`,
    rounds: effort.quick ? 1 : 4,
    budgetMs: 3 * effort.budgetMs,
    warmUps: 1,
    workers,
    floors: [FLOOR],
    spenders: { worker: [pids.manager, pids.bareWorker], PostgreSQL: [pids.postgres], Temporal: [pids.temporal] },
    contenders: [
      loop(FLOOR, settings, () => bed.bareTemporal.hello()),
      loop('run: create, turn, claim, ack, 5 events, its end', settings, () => wholeRun(bed)),
    ],
  });
}

/** Ends with its turn. */
async function wholeRun({ api }: Bed): Promise<void> {
  const of = { tenantId: 'bench', projectId: 'bench', backendProfile: 'exec', endsWithTurn: true };
  const { id } = await api.send('POST', '/api/v1/runs', of);
  const turn = { type: 'turn', payload: { prompt: 'true' } };
  const command = await api.send('POST', `/api/v1/runs/${id}/commands`, turn);
  const { runner } = await claimRun(api, id);
  await runner.send('POST', `/api/v1/commands/${command.id}/ack`, {});
  await runner.send('POST', `/api/v1/runs/${id}/events`, { events: events(5) });
  await runner.send('PATCH', `/api/v1/commands/${command.id}/status`, { terminalStatus: 'completed' });
}
