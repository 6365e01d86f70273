import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Loose } from '../support/api.js';
import { statementsOfRequests } from '../support/request-statements.js';
import { succeeded, useManager } from './api.js';

/**
 * How many statements PostgreSQL takes for each, `BEGIN` and `COMMIT` among them: each is a round trip that a caller waits for. What the
 * metrics of a claim are read from comes after its answer, or not at all by then.
 */
const CEILINGS = {
  'create run': 3,
  'create run, with a key': 3,
  'add command': 4,
  'add command, with a key': 4,
  claim: 6,
  ack: 3,
  'finish command': 3,
  'finish run': 3,
  'create session': 4,
  'create task': 7,
  'send to a new session': 11,
  'send to its live run': 8,
};

const OPEN = { tenantId: 'acme', projectId: 'site', backendProfile: 'exec' };
const ENDED = { terminalStatus: 'completed' };

describe('what a decision asks of PostgreSQL', function () {
  this.timeout(60_000);
  const manager = useManager();

  it('is no more than it needs', async () => {
    const counts: Record<string, readonly string[]> = {};
    const count = async (name: string, request: string, ask: () => Promise<Loose>): Promise<Loose> => {
      let answer: Loose;
      const sent = await statementsOfRequests(async () => (answer = await ask()));
      counts[name] = sent.get(request) ?? assert.fail(`no ${request} among ${[...sent.keys()].join(', ')}`);
      return answer;
    };
    const { api } = manager;
    const post = async (path: string, body: object) => succeeded(await api.post(path, body));
    const turn = { type: 'turn', payload: { prompt: 'true' } };

    const { id } = await count('create run', 'POST /api/v1/runs', async () => api.createRun());
    await count('create run, with a key', 'POST /api/v1/runs', async () =>
      api.createRun({ idempotencyKey: `statements-${id}` }),
    );
    const commands = `/api/v1/runs/${id}/commands`;
    const command = await count('add command', `POST ${commands}`, async () => post(commands, turn));
    await count('add command, with a key', `POST ${commands}`, async () =>
      post(commands, { ...turn, idempotencyKey: 'one-more' }),
    );
    const { runner } = await count('claim', `POST /api/v1/runs/${id}/claim`, async () => api.claim(id));
    const path = `/api/v1/commands/${command.id}`;
    await count('ack', `POST ${path}/ack`, async () => succeeded(await runner.post(`${path}/ack`, {})));
    await count('finish command', `PATCH ${path}/status`, async () =>
      succeeded(await runner.patch(`${path}/status`, ENDED)),
    );
    await count('finish run', `PATCH /api/v1/runs/${id}/status`, async () =>
      succeeded(await runner.patch(`/api/v1/runs/${id}/status`, ENDED)),
    );
    await count('create session', 'POST /api/v1/sessions', async () => post('/api/v1/sessions', OPEN));
    await count('create task', 'POST /api/v1/queue/tasks', async () =>
      post('/api/v1/queue/tasks', { ...OPEN, prompt: 'true', autoDispatch: false }),
    );
    const send = `/api/v1/sessions/statements-${id}/send`;
    const said = { prompt: 'true', run: OPEN, createRunnerJob: false };
    await count('send to a new session', `POST ${send}`, async () => post(send, said));
    await count('send to its live run', `POST ${send}`, async () =>
      post(send, { prompt: 'true', createRunnerJob: false }),
    );

    const over = Object.entries(CEILINGS).filter(([name, most]) => (counts[name]?.length ?? Infinity) > most);
    assert.deepEqual(Object.fromEntries(over.map(([name]) => [name, counts[name]])), {});
  });
});
