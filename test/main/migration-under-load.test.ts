import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { migrate } from '../../src/postgres/migrate.js';
import { AgentRunProcess } from '../support/agentrun-process.js';
import { eventually, type Api, type Loose } from '../support/api.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import { withNextMigrations } from '../support/next-migrations.js';
import { startSplitManager, type SplitManager } from '../support/split-manager.js';

const OF = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
/** Work that goes on before, while and after the schema changes. */
const BESIDE_MS = 3_000;

describe('a schema of the next version, brought in while this one works', function () {
  this.timeout(180_000);
  let manager: SplitManager;
  let api: Api;
  let database: pg.Client;
  let next: Awaited<ReturnType<typeof withNextMigrations>>;

  before(async () => {
    manager = await startSplitManager({});
    ({ api } = manager);
    database = new pg.Client({ connectionString: connectionString() });
    await database.connect();
    next = await withNextMigrations(await everyKindOfChange());
  });
  after(async () => {
    await next.remove();
    await database.end();
    await manager.stop();
  });

  const connectionString = () => manager.settings['AGENTRUN_DATABASE_URL']!;

  /** All that a migration may do beside an older version (see CONTRIBUTING.md), to every table that there is. */
  async function everyKindOfChange(): Promise<string[]> {
    const { rows } = await database.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
         AND NOT relispartition AND relname <> 'migrations' ORDER BY relname`,
    );
    assert.ok(rows.length > 10);
    const changes = rows.map(
      ({ name }) => `ALTER TABLE ${name} ADD COLUMN next_note text, ADD COLUMN next_count int NOT NULL DEFAULT 0;
        CREATE INDEX ${name}_by_next_count ON ${name} (next_count);`,
    );
    return ['CREATE TABLE of_the_next_version (id text PRIMARY KEY);', ...changes];
  }

  const pause = async () => delay(BESIDE_MS);
  const refused: string[] = [];

  /** Does it over and over until it is told to stop; answers how often. */
  async function keepDoing(isOver: () => boolean, work: () => Promise<void>): Promise<number> {
    let count = 0;
    for (; !isOver(); count++) await work().catch((error: unknown) => refused.push(String(error)));
    return count;
  }

  async function lifeByHand(): Promise<void> {
    const run = await api.createRun();
    const turn = await api.addTurn(run.id, 'true');
    const runner = await ForeignRunner.claim(api, run.id);
    await runner.ack(turn.id);
    for (let batch = 0; batch < 5; batch++) {
      await runner.append(
        ...[1, 2, 3].map((line) => ({
          type: 'command_output',
          // What is said again is not told twice.
          clientSeq: 3 * batch + line,
          payload: { text: `${batch}.${line}`, commandId: turn.id },
        })),
      );
      await runner.renew();
    }
    await runner.finishCommand(turn.id);
    await runner.finishRun();
    const ended = await api.get(`/api/v1/runs/${run.id}`);
    assert.equal(ended.status, 'completed');
    const output = (await api.events(run.id)).filter(({ type }) => type === 'command_output');
    assert.equal(output.length, 15);
  }

  const tasks: string[] = [];
  async function taskAndSend(): Promise<void> {
    const task = await api.post('/api/v1/queue/tasks', {
      ...OF,
      prompt: 'true',
      autoDispatch: true,
      idempotencyKey: randomUUID(),
    });
    tasks.push(task.id);
    await api.post('/api/v1/sessions/beside/send', { prompt: 'true', run: OF, idempotencyKey: randomUUID() });
    for (const path of ['queue/tasks', 'queue/stats', 'runs', 'sessions', `queue/tasks/${task.id}`])
      await api.get(`/api/v1/${path}`);
    await eventually(
      async () => api.get(`/api/v1/queue/tasks/${task.id}`),
      ({ phase }) => phase === 'ended',
      60_000,
    );
  }

  it('fails no request and loses no work', async () => {
    let isOver = false;
    const working = [lifeByHand, lifeByHand, taskAndSend].map((work) => keepDoing(() => isOver, work));
    await pause();
    const ran = await migrate({ connectionString: connectionString(), directory: next.directory });
    assert.deepEqual(ran, next.names);
    await pause();
    isOver = true;
    const counts = await Promise.all(working);
    assert.deepEqual(refused, []);
    assert.ok(
      counts.every((count) => count > 0),
      String(counts),
    );
    for (const id of tasks) assert.equal((await api.get(`/api/v1/queue/tasks/${id}`)).state, 'completed');
    const session: Loose = await eventually(
      async () => api.get('/api/v1/sessions/beside'),
      ({ executionState }) => executionState === 'terminal',
      60_000,
    );
    assert.equal(session.terminalStatus, 'completed');
  });

  it('lets this version start again, for whoever goes back to it', async () => {
    await Promise.all([manager.server.stop(), manager.worker.stop()]);
    assert.deepEqual(await migrate({ connectionString: connectionString() }), []);
    [manager.server, manager.worker] = await Promise.all([
      AgentRunProcess.start('api', manager.settings),
      AgentRunProcess.start('worker', manager.settings),
    ]);
    await lifeByHand();
    await taskAndSend();
  });
});
