import assert from 'node:assert/strict';
import { AgentRunError, unavailable } from '../../src/domain/errors.js';
import { newId } from '../../src/domain/new-id.js';
import { RunRefused } from '../../src/domain/refusals.js';
import type { RunSnapshot } from '../../src/domain/run-snapshot.js';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import type { Records } from '../../src/temporal/answer-writer.js';
import { connectTemporal, type TemporalLink } from '../../src/temporal/connection.js';
import { createRunGateway } from '../../src/temporal/run-gateway.js';
import { Api, eventually, type Loose } from '../support/api.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';
import { runInput } from '../unit/workflows/run-fixtures.js';

describe('what a workflow decided', function () {
  this.timeout(90_000);
  let manager: TestManager;
  let api: Api;
  let postgres: Postgres;
  let link: TemporalLink;

  before(async () => {
    manager = await startTestManager();
    api = new Api(manager.url, manager.operatorToken);
    postgres = openPostgres({ connectionString: manager.database.connectionString, queryTimeoutMs: 30_000 });
    link = connectTemporal(manager.temporal);
  });
  after(async () => {
    await link.close();
    await postgres.close();
    await manager.stop();
  });

  /** A gateway whose snapshots go where the test says. */
  const sender = (projectRun: Records['projectRun']) => createRunGateway(link.client, { projectRun });
  const write = async (snapshot: RunSnapshot) => postgres.runs.projectRun(snapshot);
  const draftOf = async (runId: string) => {
    const draft = { id: newId('cmd'), runId, type: 'turn' as const, payload: { prompt: 'x' } };
    await postgres.runs.draftCommand(draft);
    return { runId, commandId: draft.id, type: draft.type };
  };
  const open = async () => {
    const run = await api.createRun();
    return { run, address: { workflowId: run.workflowId as string } };
  };
  const commandIds = async (run: Loose) => {
    const { items } = await api.get(`/api/v1/runs/${run.id}/commands`);
    return items.map(({ id }: Loose) => id as string);
  };
  const shown = async (run: Loose, ids: readonly string[]) =>
    eventually(
      async () => commandIds(run),
      (found) => ids.every((id) => found.includes(id)),
    );

  it('is written by its sender before that is answered, the lease with a claim', async () => {
    const { run, address } = await open();
    const written: RunSnapshot[] = [];
    const gateway = sender(async (snapshot) => {
      written.push(snapshot);
      return write(snapshot);
    });
    const add = await draftOf(run.id);
    assert.deepEqual(await gateway.addCommand(address, add), { seq: 1 });
    assert.deepEqual(await commandIds(run), [add.commandId]);
    const claim = { runId: run.id, runnerId: 'r1', leaseMs: 60_000 };
    assert.deepEqual(await gateway.claimRun(address, claim), { attempt: 1 });
    assert.equal((await postgres.leases.read(run.id))?.runnerId, 'r1');
    assert.equal(written.length, 2);
    await api.post(`/api/v1/runs/${run.id}/cancel`);
  });

  it('is told of before it is written, so that the next may be asked for', async () => {
    const { run, address } = await open();
    let letGo = () => {};
    const held = new Promise<'written'>((resolve) => (letGo = () => resolve('written')));
    const add = await draftOf(run.id);
    let adding: Promise<unknown> = Promise.resolve();
    await new Promise<void>((onDecided) => {
      adding = sender(async () => held).addCommand({ ...address, onDecided }, add);
    });
    assert.deepEqual(await sender(write).addCommand(address, await draftOf(run.id)), { seq: 2 });
    // The later snapshot brought what the earlier one would.
    assert.equal((await commandIds(run))[0], add.commandId);
    letGo();
    assert.deepEqual(await adding, { seq: 1 });
    await api.post(`/api/v1/runs/${run.id}/cancel`);
  });

  it('is written by the workflow where its sender died before it had', async () => {
    const { run, address } = await open();
    const add = await draftOf(run.id);
    void sender(async () => new Promise(() => undefined)).addCommand(address, add);
    await shown(run, [add.commandId]);
    await api.post(`/api/v1/runs/${run.id}/cancel`);
  });

  it('is written by whoever asks again after that', async () => {
    const { run, address } = await open();
    const add = await draftOf(run.id);
    const dead = sender(async () => Promise.reject(unavailable('database')));
    await assert.rejects(
      dead.addCommand(address, add),
      (error) => error instanceof AgentRunError && error.refusal === 'unavailable',
    );
    assert.deepEqual(await sender(write).addCommand(address, add), { seq: 1 });
    assert.deepEqual(await commandIds(run), [add.commandId]);
    await api.post(`/api/v1/runs/${run.id}/cancel`);
  });

  it('stays as it is when it is written late, the last first, and after the run has ended', async () => {
    const { run, address } = await open();
    const late: RunSnapshot[] = [];
    const slow = sender(async (snapshot) => {
      late.push(snapshot);
      return 'written';
    });
    await slow.addCommand(address, await draftOf(run.id));
    await slow.claimRun(address, { runId: run.id, runnerId: 'r1', leaseMs: 60_000 });
    await slow.addCommand(address, await draftOf(run.id));
    await slow.finishRun(address, {
      runId: run.id,
      outcome: { status: 'cancelled', failureKind: null, message: null },
    });
    const read = async () => [
      await api.get(`/api/v1/runs/${run.id}`),
      await api.get(`/api/v1/runs/${run.id}/commands`),
      await api.events(run.id),
    ];
    await postgres.runs.projectRun(late.pop()!);
    const before = await read();
    assert.equal(before[0].status, 'cancelled');
    for (const snapshot of late.reverse()) assert.equal(await postgres.runs.projectRun(snapshot), 'stale');
    assert.deepEqual(await read(), before);
    assert.equal((await postgres.leases.read(run.id))?.alive, false);
  });

  it('leaves out a command that nobody wrote down, and keeps those that come with it', async () => {
    const { run, address } = await open();
    const gateway = sender(write);
    const ghost = gateway.addCommand(address, { runId: run.id, commandId: 'cmd_ghost', type: 'turn' });
    const others = await Promise.all([draftOf(run.id), draftOf(run.id)]);
    const adding = others.map(async (add) => gateway.addCommand(address, add));
    await assert.rejects(ghost, (error) => error instanceof RunRefused && error.type === 'command-unknown');
    await Promise.all(adding);
    assert.deepEqual(new Set(await commandIds(run)), new Set(others.map(({ commandId }) => commandId)));
    await api.post(`/api/v1/runs/${run.id}/cancel`);
  });

  it('is read by senders of an earlier release, which write nothing, among those that do', async () => {
    const { run, address } = await open();
    const [late, earlier] = [sender(write), createRunGateway(link.client)];
    const ids: string[] = [];
    for (const gateway of [late, earlier, late, earlier]) {
      const add = await draftOf(run.id);
      await gateway.addCommand(address, add);
      ids.push(add.commandId);
      assert.deepEqual(await commandIds(run), ids);
    }
    await api.post(`/api/v1/runs/${run.id}/cancel`);
  });

  it('by a run of a session that was over before is nothing', async () => {
    const sessionId = 'over';
    const run = await api.createRun({ sessionRef: { sessionId } });
    await api.post(`/api/v1/runs/${run.id}/cancel`);
    const address = { workflowId: run.workflowId };
    await link.client.workflow.getHandle(run.workflowId).result();
    const message = { sends: [{ commandId: 'cmd_next', fresh: true, runnerJob: false }], leaseOver: null };
    const sending = sender(write).sendToSession(address, runInput({ runId: run.id, sessionId }), message);
    await assert.rejects(sending, (error) => error instanceof RunRefused && error.type === 'run-terminal');
    assert.equal((await api.get(`/api/v1/runs/${run.id}`)).status, 'cancelled');
  });
});
