import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { createRun, type Bed } from '../bed.js';
import { compare, repeat, story, type Comparison, type Effort } from '../rounds.js';
import { RUNNER_PROGRAM } from '../../src/domain/runner-program.js';
import { packageRoot } from '../../src/processes/package-root.js';

const LOOK_EACH_MS = 4;

/** From asking for a runner Job until its runner holds the run, against processes that do nothing. */
export async function runnerJobCases(bed: Bed, effort: Effort): Promise<Comparison[]> {
  const floors = ['spawn node, print, exit', 'spawn the runner without settings'];
  const entry = join(packageRoot, RUNNER_PROGRAM);
  const comparison = await compare({
    title: 'runner Job asked for → run claimed · one after another',
    rounds: effort.quick ? 2 : 7,
    budgetMs: effort.budgetMs,
    warmUps: 1,
    floors,
    contenders: [
      repeat(floors[0]!, 3, () => runToEnd(['-e', 'console.log(1)'])),
      // It loads everything it consists of, then finds that its settings are missing.
      repeat(floors[1]!, 1, () => runToEnd([entry])),
      story(1, async (step) => {
        const id = await createRun(bed.api);
        await step('asked → claimed', async () => {
          await bed.api.send('POST', `/api/v1/runs/${id}/runner-jobs`, {});
          await until(bed, 'SELECT FROM runs WHERE id = $1 AND claimed_by IS NOT NULL', id);
        });
        await bed.api.send('PATCH', `/api/v1/runs/${id}/status`, { terminalStatus: 'completed' });
        await until(bed, 'SELECT FROM runner_jobs WHERE run_id = $1 AND finished_at IS NOT NULL', id);
      }),
    ],
  });
  return [comparison];
}

async function runToEnd(args: string[]): Promise<void> {
  await once(spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'ignore'], env: {} }), 'exit');
}

async function until(bed: Bed, sql: string, id: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await bed.bareDatabase.finds(sql, [id]))) {
    if (performance.now() > deadline) throw new Error(`not within 30 s for ${id}: ${sql}`);
    await delay(LOOK_EACH_MS);
  }
}
