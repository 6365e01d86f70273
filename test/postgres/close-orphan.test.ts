import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import { AgentRunError } from '../../src/domain/errors.js';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { commandDraft, commandSnapshot, openRun, runDraft, runSnapshot } from '../support/runs.js';

const MESSAGE = 'its workflow is gone';

describe('closing a run whose workflow is gone', () => {
  let database: TestDatabase;
  let postgres: Postgres;
  let runId: string;
  let openCommand: string;
  let doneCommand: string;

  const close = () => postgres.runs.closeOrphan(runId, MESSAGE);
  const project = (given: Parameters<typeof runSnapshot>[1]) => postgres.runs.projectRun(runSnapshot(runId, given));
  const read = async () => (await postgres.runs.getRun(runId, 'all'))!;
  const events = () => postgres.events.page({ runId, afterSeq: 0, limit: 100 });
  const isRefusal = (failureKind: string) => (error: unknown) =>
    error instanceof AgentRunError && error.failureKind === failureKind;

  before(async () => {
    database = await createTestDatabase();
    postgres = openPostgres({ connectionString: database.connectionString, queryTimeoutMs: 30_000 });
  });

  beforeEach(async () => {
    runId = await openRun(postgres);
    openCommand = (await postgres.runs.draftCommand(commandDraft(runId))).id;
    doneCommand = (await postgres.runs.draftCommand(commandDraft(runId))).id;
    await project({
      version: 2,
      status: 'running',
      claimedBy: 'r1',
      grant: { runnerId: 'r1', leaseMs: 60_000 },
      commands: [
        commandSnapshot(doneCommand, { seq: 1, state: 'completed', finishedAtMs: Date.now() }),
        commandSnapshot(openCommand, { seq: 2, state: 'acknowledged' }),
      ],
      events: [{ number: 1, type: 'plan', payload: {} }],
    });
  });

  after(async () => {
    await postgres.close();
    await database.drop();
  });

  it('ends the run and its open commands, and says why', async () => {
    await close();
    const run = await read();
    assert.deepEqual(
      [run.status, run.terminalStatus, run.failureKind, run.failureMessage, run.attempt],
      ['failed', 'failed', 'infra-failed', MESSAGE, 1],
    );
    assert.ok(run.finishedAt !== null);
    const command = await postgres.runs.getCommand(openCommand, 'all');
    assert.deepEqual(
      [command?.state, command?.failureKind, command?.failureMessage],
      ['failed', 'infra-failed', MESSAGE],
    );
    assert.equal((await postgres.runs.getCommand(doneCommand, 'all'))?.state, 'completed');
    assert.deepEqual(
      (await events()).map(({ type, payload }) => [type, payload]),
      [
        ['plan', {}],
        ['terminal_status', { terminalStatus: 'failed', failureKind: 'infra-failed', attempt: 1 }],
      ],
    );
  });

  it('fences the runner, and closes the events', async () => {
    await close();
    const lease = { runId, runnerId: 'r1', attempt: 1, leaseMs: 60_000 };
    await assert.rejects(postgres.leases.renew(lease), isRefusal('lease-lost'));
    assert.equal(await postgres.leases.grant({ ...lease, attempt: 2 }), undefined);
    const fence = { attempt: 1, runnerId: 'r1' };
    await assert.rejects(
      postgres.events.append({ runId, fence, producer: 'r1', events: [{ type: 'plan', payload: {} }] }),
      isRefusal('schema-invalid'),
    );
  });

  it('is done once', async () => {
    await Promise.all([close(), close()]);
    const before = [await read(), await events()];
    await close();
    assert.deepEqual([await read(), await events()], before);
  });

  it('changes nothing of a run that its workflow ended', async () => {
    await project({ version: 3, status: 'completed', terminalStatus: 'completed' });
    const before = [await read(), await events()];
    await close();
    assert.deepEqual([await read(), await events()], before);
  });

  it('opens no draft', async () => {
    const { id } = await postgres.runs.draftRun(runDraft());
    await postgres.runs.closeOrphan(id, MESSAGE);
    assert.equal(await postgres.runs.getRun(id, 'all'), undefined);
  });

  it('is final: what the lost workflow still had under way is not written', async () => {
    await close();
    assert.equal(await project({ version: 99, status: 'running' }), 'foreign');
    assert.equal((await read()).status, 'failed');
  });

  it('wakes those who wait for commands and for events', async () => {
    const waiting = [postgres.wakeups.subscribe(`commands:${runId}`), postgres.wakeups.subscribe(`events:${runId}`)];
    const woken = Promise.all(waiting.map((one) => one.next(60_000)));
    await close();
    // Long after this test's own limit they would return by themselves.
    await woken;
    for (const one of waiting) one.close();
  });
});
