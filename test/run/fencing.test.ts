import assert from 'node:assert/strict';
import { Api, eventually, type Loose } from '../support/api.js';
import { endLease } from '../support/end-lease.js';
import { ForeignRunner, refusalOf } from '../support/foreign-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

describe('a runner whose attempt is over', () => {
  let manager: TestManager;
  let api: Api;
  let former: ForeignRunner;
  let holder: ForeignRunner;
  let runId: string;
  let turn: Loose;

  before(async function () {
    this.timeout(90_000);
    manager = await startTestManager();
    api = new Api(manager.url, manager.operatorToken);
    runId = (await api.createRun()).id;
    turn = await api.addTurn(runId, 'anything');
    former = await ForeignRunner.claim(api, runId, { leaseMs: 60_000 });
    await former.ack(turn.id);
    await endLease(manager.database, runId);
    await eventually(
      async () => api.get(`/api/v1/runs/${runId}`),
      ({ attempt }) => attempt === 2,
    );
    holder = await ForeignRunner.claim(api, runId);
    await holder.ack(turn.id);
  });
  after(async () => manager.stop());

  /** Every way to write as a runner; `fence` is what the body says of its writer. */
  const writes = (fence: Record<string, unknown>): [method: string, path: string, body: object][] => [
    ['PATCH', `/api/v1/runs/${runId}/lease`, { runnerId: former.runnerId, ...fence }],
    ['POST', `/api/v1/runs/${runId}/claim`, { runnerId: former.runnerId, attempt: 1, ...fence }],
    ['POST', `/api/v1/commands/${turn.id}/ack`, { threadId: 'stolen', ...fence }],
    ['PATCH', `/api/v1/commands/${turn.id}/status`, { terminalStatus: 'completed', threadId: 'stolen', ...fence }],
    ['PATCH', `/api/v1/runs/${runId}/status`, { terminalStatus: 'completed', failureMessage: 'stolen', ...fence }],
    ['POST', `/api/v1/runs/${runId}/events`, { type: 'error', payload: {}, ...fence }],
    ['POST', `/api/v1/runs/${runId}/events`, { events: [{ type: 'error', clientSeq: 1 }], ...fence }],
  ];

  /** All that could have changed, as it stands in the database. */
  const standing = async () =>
    manager.database.query(
      `SELECT to_json(r) AS run, to_json(l) AS lease, to_json(s) AS stream,
         (SELECT json_agg(c ORDER BY c.seq) FROM commands c WHERE c.run_id = r.id) AS commands,
         (SELECT json_agg(e ORDER BY e.seq) FROM run_events e WHERE e.run_id = r.id) AS events
       FROM runs r JOIN run_leases l ON l.run_id = r.id JOIN run_streams s ON s.run_id = r.id WHERE r.id = $1`,
      [runId],
    );

  async function assertAllRefused(speaker: Api, fence: Record<string, unknown>): Promise<void> {
    const before = await standing();
    for (const [method, path, body] of writes(fence)) {
      const { status, failureKind } = refusalOf(await speaker.request(method, path, body));
      assert.deepEqual([status, failureKind], [409, 'lease-lost'], `${method} ${path}`);
    }
    assert.deepEqual(await standing(), before);
  }

  it('is refused every write with its token, and nothing changes', async () => {
    await assertAllRefused(former.api, {});
  });

  it('is refused every write that an operator makes in its name', async () => {
    await assertAllRefused(api, { runnerId: former.runnerId, attempt: 1 });
  });

  it('is refused also when the next attempt is held by a runner of the same name', async () => {
    await assertAllRefused(api, { runnerId: holder.runnerId, attempt: 1 });
  });

  it('may not read on with its token either: it learns at once that it has nothing to do', async () => {
    for (const path of ['', '/commands?waitMs=5000', '/events', '/events/stream']) {
      const answer = await former.api.request('GET', `/api/v1/runs/${runId}${path}`);
      assert.equal(refusalOf(answer).failureKind, 'lease-lost', path);
    }
  });

  it('takes nothing from the one that holds the run', async () => {
    assert.equal((await holder.renew()).attempt, 2);
    await holder.append({ type: 'assistant_message', payload: { text: 'mine' }, clientSeq: 1 });
    assert.equal((await holder.finishCommand(turn.id)).attempt, 2);
    assert.equal((await holder.finishRun()).status, 'completed');
  });

  it('learns after the end, too, that it was not its end', async () => {
    const answer = await former.api.request('PATCH', `/api/v1/runs/${runId}/status`, { terminalStatus: 'failed' });
    assert.equal(refusalOf(answer).failureKind, 'lease-lost');
  });
});
