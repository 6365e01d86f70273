import type { Loose } from '../../support/api.js';
import { ForeignRunner } from '../../support/foreign-runner.js';
import type { Round } from './round.js';
import { RUN } from './system.js';
import { promptOf } from './workload.js';

/** A request that is said again until it is answered, and once more: how what came of it is counted. */
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly body: Record<string, unknown>;
  /** Answers a row for each thing that the request made. */
  readonly made: readonly [sql: string, ...values: unknown[]];
  readonly idOf: (data: Loose) => string;
  /** Of what has to come to an agent. */
  readonly accepted?: { readonly kind: 'command' | 'task'; readonly operation: string };
}

/** One request of each kind, to things that are there already where it is about some. */
export async function requestsOfEachKind(
  round: Round,
  kill: string,
): Promise<{ requests: Request[]; runIds: string[] }> {
  const { api } = round;
  const name = (what: string) => round.name(`${kill}-${what}`);
  const runOf = async (what: string): Promise<Loose> =>
    api.ok('POST', '/api/v1/runs', { ...RUN, idempotencyKey: name(`for-${what}`) });
  const prompt = (operation: string) => promptOf({ id: operation, steps: 2, stepMs: 50 });
  const [claimedRun, toldRun, jobRun, endedRun, cancelledRun] = await Promise.all(
    ['claim', 'events', 'job', 'finish', 'cancel'].map(runOf),
  );
  const { tenantId, projectId, backendProfile } = RUN;
  const teller = await ForeignRunner.claim(api, toldRun.id, { leaseMs: 60_000 });
  const finisher = await ForeignRunner.claim(api, endedRun.id, { leaseMs: 60_000 });
  const turn = await api.ok('POST', `/api/v1/runs/${jobRun.id}/commands`, {
    payload: { prompt: prompt(name('job')) },
  });
  round.accepted.push({ kind: 'command', operation: name('job'), id: turn.id });
  // It goes on until it has been dispatched twice: one that is done is not dispatched again.
  const longPrompt = promptOf({ id: name('dispatch'), steps: 100, stepMs: 100 });
  const dispatched = await api.ok('POST', '/api/v1/queue/tasks', {
    ...{ tenantId, projectId, backendProfile, title: name('dispatch'), prompt: longPrompt },
    idempotencyKey: name('for-dispatch'),
  });
  round.accepted.push({ kind: 'task', operation: name('dispatch'), id: dispatched.id });
  const requests: Request[] = [
    {
      ...{ method: 'POST', path: '/api/v1/runs', idOf: ({ id }) => id },
      body: { ...RUN, metadata: { name: name('run') }, idempotencyKey: name('run') },
      made: [`SELECT id FROM runs WHERE opened_at IS NOT NULL AND metadata ->> 'name' = $1`, name('run')],
    },
    {
      ...{ method: 'POST', path: `/api/v1/sessions/${name('send')}/send`, idOf: ({ command }) => command.id },
      body: { prompt: prompt(name('send')), run: RUN, idempotencyKey: name('send') },
      made: [`SELECT id FROM commands WHERE seq IS NOT NULL AND payload ->> 'prompt' = $1`, prompt(name('send'))],
      accepted: { kind: 'command', operation: name('send') },
    },
    {
      ...{ method: 'POST', path: '/api/v1/queue/tasks', idOf: ({ id }) => id },
      body: {
        ...{ tenantId, projectId, backendProfile, title: name('task'), prompt: prompt(name('task')) },
        ...{ autoDispatch: true, idempotencyKey: name('task') },
      },
      made: ['SELECT id FROM tasks WHERE opened_at IS NOT NULL AND title = $1', name('task')],
      accepted: { kind: 'task', operation: name('task') },
    },
    {
      ...{ method: 'POST', path: `/api/v1/queue/tasks/${dispatched.id}/dispatch`, idOf: ({ id }) => id, body: {} },
      made: [
        `SELECT n FROM fault_audit WHERE thing = 'tasks' AND id = $1 AND becomes ->> 'dispatched_at' IS NOT NULL
           AND was ->> 'dispatched_at' IS DISTINCT FROM becomes ->> 'dispatched_at'`,
        dispatched.id,
      ],
    },
    {
      ...{ method: 'POST', path: `/api/v1/runs/${toldRun.id}/commands`, idOf: ({ id }) => id },
      body: { payload: { prompt: name('command') }, idempotencyKey: name('command') },
      made: [`SELECT id FROM commands WHERE seq IS NOT NULL AND payload ->> 'prompt' = $1`, name('command')],
    },
    {
      ...{ method: 'POST', path: `/api/v1/runs/${jobRun.id}/runner-jobs`, idOf: ({ id }) => id, body: {} },
      made: ['SELECT id FROM runner_jobs WHERE run_id = $1', jobRun.id],
    },
    {
      ...{ method: 'POST', path: `/api/v1/runs/${claimedRun.id}/claim`, idOf: ({ id, attempt }) => `${id} ${attempt}` },
      body: { runnerId: name('claim'), leaseMs: 60_000 },
      made: [
        `SELECT n FROM fault_audit WHERE thing = 'run_leases' AND id = $1 AND becomes ->> 'alive' = 'true'
           AND was ->> 'alive' IS DISTINCT FROM 'true'`,
        claimedRun.id,
      ],
    },
    {
      ...{ method: 'POST', path: `/api/v1/runs/${toldRun.id}/events`, idOf: ({ items }) => items[0].id },
      body: {
        ...{ runnerId: teller.runnerId, attempt: 1 },
        events: [{ type: 'assistant_message', clientSeq: 1, payload: { text: name('event') } }],
      },
      made: [`SELECT seq FROM run_events WHERE run_id = $1 AND payload ->> 'text' = $2`, toldRun.id, name('event')],
    },
    {
      ...{ method: 'PATCH', path: `/api/v1/runs/${endedRun.id}/status`, idOf: ({ id, status }) => `${id} ${status}` },
      body: { runnerId: finisher.runnerId, attempt: 1, terminalStatus: 'completed' },
      made: [
        `SELECT n FROM fault_audit WHERE thing = 'runs' AND id = $1 AND becomes ->> 'terminal_status' = 'completed'`,
        endedRun.id,
      ],
    },
    {
      ...{ method: 'POST', path: `/api/v1/runs/${cancelledRun.id}/cancel`, idOf: ({ id }) => id, body: {} },
      made: [
        `SELECT n FROM fault_audit WHERE thing = 'runs' AND id = $1 AND becomes ->> 'terminal_status' = 'cancelled'`,
        cancelledRun.id,
      ],
    },
  ];
  // These no Job ends.
  return { requests, runIds: [claimedRun.id, toldRun.id] };
}
