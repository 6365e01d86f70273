import { eventually } from '../../test/support/eventually.js';
import { createRun, type Bed } from '../bed.js';
import { compare, repeat, type Comparison, type Effort } from '../rounds.js';

const TASK = { tenantId: 'bench', projectId: 'bench', backendProfile: 'exec', prompt: 'sleep 600' };
let numbered = 0;

/** What it costs to give work to a queue, and how long a slot stays empty between two tasks. Runners are real processes. */
export async function queueCases(
  { api, bareTemporal }: Bed,
  { quick, warmUps, budgetMs }: Effort,
): Promise<Comparison[]> {
  const made: string[] = [];
  const create = async (more: Record<string, unknown>): Promise<string> => {
    const { id } = await api.send('POST', '/api/v1/queue/tasks', { ...TASK, ...more });
    made.push(id);
    return id;
  };
  const started = async (id: string) =>
    eventually('an attempt', async () => {
      const { latestAttempt } = await api.send('GET', `/api/v1/queue/tasks/${id}`);
      return latestAttempt?.runId ?? undefined;
    });
  const cancel = async (id: string) => api.send('POST', `/api/v1/queue/tasks/${id}/cancel`, {});
  const single = `bench-single-${process.pid}`;
  await api.send('PUT', `/api/v1/queue/queues/${single}`, { concurrency: 1 });
  const wide = `bench-wide-${process.pid}`;
  await api.send('PUT', `/api/v1/queue/queues/${wide}`, { concurrency: 1_000 });
  let holder = await create({ queue: single, autoDispatch: true });
  await started(holder);
  const floor = 'bare Update-with-Start';
  try {
    const comparison = await compare({
      title: 'tasks',
      rounds: quick ? 3 : 10,
      budgetMs: 2 * budgetMs,
      warmUps,
      floors: [floor, 'create run'],
      contenders: [
        repeat(floor, 1, () => bareTemporal.open()),
        repeat('create run', 1, async () => createRun(api)),
        repeat('create a task', 1, async () => create({ queue: `bench-still-${(numbered += 1)}` })),
        repeat('create a task, until its run is there', 1, async () => {
          await started(await create({ queue: wide, autoDispatch: true }));
        }),
        repeat('cancel the task that has the only slot, until the next one has a run', 1, async () => {
          const next = await create({ queue: single, autoDispatch: true });
          await cancel(holder);
          await started(next);
          holder = next;
        }),
      ],
    });
    return [comparison];
  } finally {
    for (const id of made) await cancel(id);
  }
}
