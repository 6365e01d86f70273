import assert from 'node:assert/strict';
import { askInbox } from '../../../src/console/api/ask-inbox.js';
import { ScriptedAnswers } from './scripted-answers.js';

const AT = '2026-01-01T12:00:00.000Z';

describe('what the inbox asks for', () => {
  /** How many sessions and tasks need somebody; of the newest sessions none does. */
  let needing: { sessions: number; tasks: number };
  let manager: ScriptedAnswers;

  beforeEach(async () => (manager = await ScriptedAnswers.listen(answerTo)));
  afterEach(async () => manager.close());

  function answerTo({ pathname, searchParams: query }: URL): unknown {
    const limit = Number(query.get('limit'));
    if (pathname === '/api/v1/queue/commander')
      return { items: tasks(Math.min(limit, needing.tasks)), attentionCount: needing.tasks };
    if (pathname !== '/api/v1/sessions') return { items: [] };
    if (query.get('state') === null) return { items: sessions('newest', limit, 'none'), nextCursor: 'more' };
    if (query.get('state') !== 'needs-attention') return { items: [] };
    const from = Number(query.get('cursor') ?? 0);
    const to = Math.min(from + limit, needing.sessions);
    const items = sessions('needing', to, 'needs-input').slice(from);
    return { items, ...(to < needing.sessions && { nextCursor: String(to) }) };
  }

  function sessions(name: string, many: number, attentionState: string) {
    const facts = { metadata: {}, executionState: 'idle', active: false, lastActivityAt: AT };
    return Array.from({ length: many }, (_, index) => ({ sessionId: `${name}-${index}`, attentionState, ...facts }));
  }

  function tasks(many: number) {
    const facts = { state: 'blocked', phase: 'ended', attentionState: 'needs-input', failureKind: null, updatedAt: AT };
    return Array.from({ length: many }, (_, index) => ({ id: `task_${index}`, latestAttempt: null, ...facts }));
  }

  const asked = async () => {
    const { rows, moreNeedYou } = await askInbox(manager.client, 'ann');
    return [rows.filter(({ group }) => group === 'needs-you').length, moreNeedYou];
  };

  it('has a session that needs somebody however many others were active since', async () => {
    needing = { sessions: 1, tasks: 0 };
    assert.deepEqual(await asked(), [1, false]);
  });

  it('has all that need somebody up to its limits, and says where there are more', async () => {
    needing = { sessions: 500, tasks: 100 };
    assert.deepEqual(await asked(), [600, false]);
    needing = { sessions: 501, tasks: 0 };
    assert.deepEqual(await asked(), [500, true]);
    needing = { sessions: 0, tasks: 101 };
    assert.deepEqual(await asked(), [100, true]);
  });
});
