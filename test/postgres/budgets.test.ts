import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { createBudgetStore } from '../../src/postgres/budgets.js';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { Database } from '../../src/postgres/pool.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { commandDraft, openRun } from '../support/runs.js';
import { attemptSnapshot, openTask } from '../support/tasks.js';

const AT_WORK = { state: 'running', phase: 'running', attempt: 1 } as const;

describe('the budgets of tasks at work', () => {
  let database: TestDatabase;
  let postgres: Postgres;

  before(async () => {
    database = await createTestDatabase();
    postgres = openPostgres({ connectionString: database.connectionString, queryTimeoutMs: 30_000 });
  });

  after(async () => {
    await postgres.close();
    await database.drop();
  });

  it('are those of tasks with a cap on tokens and of tenants with any, each once', async () => {
    await postgres.budgets.put('capped', { maxWallTimeMs: 60_000 });
    const capOf = (maxTokens: number | null) => ({ maxTokens, maxWallTimeMs: 5_000 });
    const own = await openTask(postgres, { budget: capOf(10) }, AT_WORK);
    const tenants = await openTask(postgres, { tenantId: 'capped', budget: capOf(null) }, AT_WORK);
    const both = await openTask(postgres, { tenantId: 'capped', budget: capOf(20) }, AT_WORK);
    await openTask(postgres, { budget: capOf(null) }, AT_WORK);
    await openTask(postgres, { tenantId: 'capped', budget: capOf(30) });
    const listed = await postgres.budgets.listRunning();
    assert.deepEqual(
      Object.fromEntries(listed.map((task) => [task.taskId, [task.maxTokens, task.tenant?.maxWallTimeMs]])),
      { [own]: [10, undefined], [tenants]: [null, 60_000], [both]: [20, 60_000] },
    );
    assert.equal(listed.length, 3);
    for (const task of listed) assert.deepEqual(await postgres.budgets.ofTask(task.taskId), task);
  });

  it('are looked for without reading those that have none', async () => {
    const taskId = await openTask(postgres, {}, AT_WORK);
    await database.query(
      `INSERT INTO tasks SELECT copy.* FROM tasks t CROSS JOIN generate_series(1, 3000) AS n CROSS JOIN LATERAL
         jsonb_populate_record(t, jsonb_build_object('id', 'task_copy' || n)) AS copy WHERE t.id = $1`,
      [taskId],
    );
    await database.query('ANALYZE tasks');
    const own = new Database({ connectionString: database.connectionString, maxConnections: 1 });
    const read = async () => {
      // A session publishes its counters seldom, unless it is told to.
      await own.query('SELECT pg_stat_force_next_flush()');
      const { rows } = await own.query<{ tuples: number }>(
        `SELECT seq_tup_read + idx_tup_fetch AS tuples FROM pg_stat_user_tables WHERE relname = 'tasks'`,
      );
      return rows[0]?.tuples ?? 0;
    };
    const before = await read();
    const listed = await createBudgetStore(own).listRunning();
    assert.equal(listed.filter((task) => task.taskId.startsWith('task_copy')).length, 0);
    assert.ok((await read()) - before < 50, `${(await read()) - before} read`);
    await own.close();
  });

  it('are told whatever an agent says that it used: more than a number holds is the most that one does', async () => {
    const most = Number.MAX_SAFE_INTEGER;
    await postgres.budgets.put('boastful', { maxTokens: 1_000 });
    const runId = await openRun(postgres, { tenantId: 'boastful' });
    const { id: commandId } = await postgres.runs.draftCommand(commandDraft(runId));
    const attempts = [attemptSnapshot({ runId, commandId })];
    const taskId = await openTask(postgres, { tenantId: 'boastful' }, { ...AT_WORK, attempts });
    await database.query(
      `INSERT INTO command_usage (command_id, attempt, tenant_id, total_tokens)
       SELECT $1, n, 'boastful', $2 FROM generate_series(1, 1025) AS n`,
      [commandId, most],
    );
    const running = await postgres.budgets.listRunning();
    const { usedTokens, tenant } = running.find((task) => task.taskId === taskId)!;
    assert.deepEqual([usedTokens, tenant?.usedTokens], [most, most]);
    assert.equal((await postgres.budgets.get('boastful'))?.usedTokens, most);
    assert.equal((await postgres.budgets.list({ tenants: ['boastful'], limit: 1 })).items[0]?.exceeded, true);
    assert.equal((await postgres.budgets.ofTask(taskId))?.usedTokens, most);
    assert.equal((await postgres.tasks.get(taskId, 'all'))?.record.usage.totalTokens, most);
  });
});
