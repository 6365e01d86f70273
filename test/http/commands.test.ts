import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Answer } from './api.js';
import { refused, succeeded, useManager } from './api.js';

const RUNS = '/api/v1/runs';
const COMMANDS = '/api/v1/commands';

describe('commands', function () {
  const manager = useManager();

  it('are numbered in order, and one key makes one', async () => {
    const { id } = await manager.api.createRun();
    const turn = { type: 'turn', payload: { prompt: 'true' }, idempotencyKey: 'first' };
    const first = succeeded(await manager.api.post(`${RUNS}/${id}/commands`, turn));
    const steer = succeeded(
      await manager.api.post(`${RUNS}/${id}/commands`, { ...turn, type: 'steer', idempotencyKey: 'b' }),
    );
    assert.deepEqual([first.seq, first.state, steer.seq], [1, 'pending', 2]);
    assert.equal(succeeded(await manager.api.post(`${RUNS}/${id}/commands`, turn)).id, first.id);
    const other = { ...turn, payload: { prompt: 'false' } };
    refused(await manager.api.post(`${RUNS}/${id}/commands`, other), 409, 'idempotency-conflict');
    assert.deepEqual(succeeded(await manager.api.get(`${RUNS}/${id}/commands/${first.id}`)), first);
    succeeded(await manager.api.post(`${RUNS}/${id}/cancel`));
    const afterEnd = succeeded(await manager.api.post(`${RUNS}/${id}/commands`, turn));
    assert.deepEqual([afterEnd.id, afterEnd.state], [first.id, 'cancelled']);
  });

  it('go from pending over acknowledged to their end, whatever is repeated', async () => {
    const { id } = await manager.api.createRun();
    const command = await manager.api.addTurn(id);
    const { runner } = await manager.api.claim(id);
    for (let times = 0; times < 2; times += 1) {
      const acknowledged = succeeded(await runner.post(`${COMMANDS}/${command.id}/ack`, { threadId: 'thread-1' }));
      assert.equal(acknowledged.state, 'acknowledged');
    }
    assert.equal(succeeded(await runner.get(`${RUNS}/${id}`)).status, 'running');
    const finish = { terminalStatus: 'completed', turnId: 'turn-1', threadId: 'thread-1' };
    for (const body of [finish, finish, { terminalStatus: 'failed' }]) {
      const finished = succeeded(await runner.patch(`${COMMANDS}/${command.id}/status`, body));
      assert.deepEqual([finished.state, finished.turnId], ['completed', 'turn-1']);
    }
    assert.equal(succeeded(await runner.post(`${COMMANDS}/${command.id}/ack`)).state, 'completed');
    assert.equal(succeeded(await manager.api.post(`${COMMANDS}/${command.id}/cancel`)).state, 'completed');
  });

  it('end by themselves when cancelled before a runner has them', async () => {
    const { id } = await manager.api.createRun();
    const command = await manager.api.addTurn(id);
    const cancelled = succeeded(await manager.api.post(`${COMMANDS}/${command.id}/cancel`, { reason: 'no' }));
    assert.equal(cancelled.state, 'cancelled');
  });

  it('refuse the end of a run that has not seen the newest', async () => {
    const { id } = await manager.api.createRun();
    const { runner } = await manager.api.claim(id);
    await manager.api.addTurn(id);
    const end = { terminalStatus: 'completed', lastCommandSeq: 0 };
    refused(await runner.patch(`${RUNS}/${id}/status`, end), 409, 'schema-invalid');
    assert.equal(succeeded(await runner.get(`${RUNS}/${id}`)).status, 'claimed');
  });

  it('belong to their run', async () => {
    const one = await manager.api.createRun();
    const other = await manager.api.createRun();
    const command = await manager.api.addTurn(one.id);
    refused(await manager.api.get(`${RUNS}/${other.id}/commands/${command.id}`), 404, 'schema-invalid');
    refused(await manager.api.get(`${RUNS}/${other.id}/result?commandId=${command.id}`), 404, 'schema-invalid');
    const bad = await manager.api.get(`${RUNS}/${one.id}/result?commandId=nope`);
    assert.equal(refused(bad, 400, 'schema-invalid').field, 'commandId');
  });

  it('are listed after a seq, the open ones alone where asked', async () => {
    const { id } = await manager.api.createRun();
    const made = [await manager.api.addTurn(id), await manager.api.addTurn(id), await manager.api.addTurn(id)];
    succeeded(await manager.api.post(`${COMMANDS}/${made[1].id}/cancel`));
    const seqs = async (query: string) => {
      const { items } = succeeded(await manager.api.get(`${RUNS}/${id}/commands${query}`));
      return items.map((command: { seq: number }) => command.seq);
    };
    assert.deepEqual(await seqs(''), [1, 2, 3]);
    assert.deepEqual(await seqs('?state=open'), [1, 3]);
    assert.deepEqual(await seqs('?state=open&afterSeq=1&limit=1'), [3]);
    refused(await manager.api.get(`${RUNS}/${id}/commands?state=closed`), 400, 'schema-invalid');
  });
});

describe('the long poll of commands', function () {
  const manager = useManager();
  /** What the poll answers, and after how many milliseconds. */
  const timed = async (poll: Promise<Answer>) => {
    const startedAt = performance.now();
    const { data } = await poll;
    return { ...data, afterMs: performance.now() - startedAt };
  };

  it('answers when a command comes, long before its time is over', async () => {
    const { id } = await manager.api.createRun();
    const { runner } = await manager.api.claim(id);
    const poll = timed(runner.get(`${RUNS}/${id}/commands?state=open&afterSeq=0&waitMs=20000`));
    const command = await manager.api.addTurn(id);
    const { items, afterMs } = await poll;
    assert.equal(items[0].id, command.id);
    assert.ok(afterMs < 15_000, String(afterMs));
  });

  it('answers nothing when its time is over', async () => {
    const { id } = await manager.api.createRun();
    const { items, afterMs, runStatus } = await timed(manager.api.get(`${RUNS}/${id}/commands?waitMs=300`));
    assert.deepEqual([items, runStatus], [[], 'pending']);
    assert.ok(afterMs >= 290, String(afterMs));
  });

  it('answers when the run has ended, and at once from then on', async () => {
    const { id } = await manager.api.createRun();
    const poll = timed(manager.api.get(`${RUNS}/${id}/commands?waitMs=20000`));
    succeeded(await manager.api.patch(`${RUNS}/${id}/status`, { terminalStatus: 'completed' }));
    for (const { runStatus, afterMs } of [
      await poll,
      await timed(manager.api.get(`${RUNS}/${id}/commands?waitMs=20000`)),
    ]) {
      assert.equal(runStatus, 'completed');
      assert.ok(afterMs < 15_000, String(afterMs));
    }
  });

  it('tells of a new cancel mark at once, and of a known one not again', async () => {
    const { id } = await manager.api.createRun();
    const command = await manager.api.addTurn(id);
    const { runner } = await manager.api.claim(id);
    succeeded(await runner.post(`${COMMANDS}/${command.id}/ack`));
    const path = `${RUNS}/${id}/commands?afterSeq=1&waitMs=20000`;
    const waiting = timed(runner.get(`${path}&knownCancelMark=`));
    succeeded(await manager.api.post(`${COMMANDS}/${command.id}/cancel`));
    const told = await waiting;
    assert.deepEqual(told.cancelCommandIds, [command.id]);
    assert.ok(told.afterMs < 15_000, String(told.afterMs));
    const known = await timed(
      runner.get(`${RUNS}/${id}/commands?afterSeq=1&waitMs=1500&knownCancelMark=${told.cancelMark}`),
    );
    assert.ok(known.afterMs >= 1_400, 'a known mark makes nobody spin');
    const naive = await timed(runner.get(path));
    assert.ok(naive.afterMs > 900 && naive.afterMs < 15_000, 'who does not say what it knows is told once a second');
    succeeded(await runner.patch(`${COMMANDS}/${command.id}/status`, { terminalStatus: 'cancelled' }));
  });
});
