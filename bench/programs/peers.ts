// The workers of other queues over PostgreSQL, in a process of their own: a job's work is to write a file of its name.
import { Logger, run } from 'graphile-worker';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import PgBoss from 'pg-boss';
import { programOptions, tellReady } from './program.js';

const { databaseUrl, folder, atOnce } = programOptions() as { databaseUrl: string; folder: string; atOnce: number };

const begin = async (job: unknown) => writeFile(join(folder, (job as { name: string }).name), '');

const graphile = await run({
  connectionString: databaseUrl,
  concurrency: atOnce,
  maxPoolSize: atOnce,
  noHandleSignals: true,
  logger: new Logger(() => () => undefined),
  taskList: { begin },
});
const boss = new PgBoss({ connectionString: databaseUrl, max: atOnce });
boss.on('error', () => undefined);
await boss.start();
await boss.createQueue('begin');
// The shortest interval that it takes; a look takes as many as may run at once.
await boss.work('begin', { pollingIntervalSeconds: 0.5, batchSize: atOnce }, async (jobs) => {
  await Promise.all(jobs.map(({ data }) => begin(data)));
});
tellReady({}, async () => {
  await graphile.stop();
  await boss.stop({ graceful: false, wait: false });
});
