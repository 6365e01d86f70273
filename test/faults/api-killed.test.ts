import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { faultRounds } from './harness/fault-rounds.js';
import { requestsOfEachKind, type Request } from './harness/requests.js';
import type { Round } from './harness/round.js';

/** So often in each round. */
const KILLS = 1;

faultRounds('fault 8: the API is killed at any point of a request', {
  fault: 'api-killed',
  file: import.meta.url,
  async inject(round) {
    const plan = Array.from({ length: KILLS }, () => ({
      killAfterMs: round.dice.between(0, 250),
      spreadMs: Array.from({ length: 12 }, () => round.dice.between(0, 200)),
    }));
    round.tell('plan', plan);
    for (const [number, { killAfterMs, spreadMs }] of plan.entries()) {
      const { requests, runIds } = await requestsOfEachKind(round, `k${number}`);
      const asking = Promise.all(requests.map(async (request, n) => ask(round, request, spreadMs[n] ?? 0)));
      await delay(killAfterMs);
      round.tell('SIGKILL api');
      await round.system.api.kill();
      const goneAtMs = Date.now();
      await round.system.startApi();
      const answers = await asking;
      round.figure('killed to every request answered', Date.now() - goneAtMs);
      for (const runId of [...runIds, ...answers.filter((id) => id.startsWith('run_'))])
        await round.api.settled('PATCH', `/api/v1/runs/${runId.split(' ')[0]}/status`, { terminalStatus: 'completed' });
    }
  },
});

/** The same again and again, as a client does that hears nothing; and once more when it has heard. */
async function ask(
  round: Round,
  { method, path, body, made, idOf, accepted }: Request,
  afterMs: number,
): Promise<string> {
  await delay(afterMs);
  const first = await round.api.ok(method, path, body);
  const again = await round.api.ok(method, path, body);
  assert.equal(idOf(again), idOf(first), `${method} ${path}`);
  const [sql, ...values] = made;
  const rows = await round.system.query(sql, values);
  assert.equal(rows.length, 1, `${method} ${path} made ${JSON.stringify(rows)}`);
  if (accepted !== undefined) round.accepted.push({ ...accepted, id: idOf(first) });
  return idOf(first);
}
