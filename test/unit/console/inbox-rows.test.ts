import assert from 'node:assert/strict';
import {
  inboxRows,
  inShownOrder,
  matchesSearch,
  movedRows,
  tabState,
  type InboxRow,
} from '../../../src/console/model/inbox-rows.js';
import type { RunRecord } from '../../../src/contract/run.js';
import type { SessionRecord } from '../../../src/contract/session.js';
import type { TaskSummary } from '../../../src/contract/task.js';

const NOW = Date.parse('2026-01-01T12:00:00.000Z');
const at = (minutesAgo: number) => new Date(NOW - minutesAgo * 60_000).toISOString();

const session = (sessionId: string, facts: Partial<SessionRecord>) =>
  ({
    sessionId,
    tenantId: 'acme',
    projectId: 'shop',
    backendProfile: 'exec',
    metadata: {},
    attentionState: 'none',
    executionState: 'idle',
    active: false,
    unread: false,
    terminalStatus: null,
    failureKind: null,
    lastActivityAt: at(5),
    ...facts,
  }) as SessionRecord;

const task = (id: string, facts: Partial<TaskSummary>) =>
  ({
    id,
    title: `Task ${id}`,
    queue: 'default',
    tenantId: 'acme',
    projectId: 'shop',
    backendProfile: 'exec',
    attentionState: 'none',
    state: 'pending',
    phase: 'waiting-for-slot',
    active: false,
    unread: false,
    latestAttempt: null,
    supervisor: null,
    failureKind: null,
    failureMessage: null,
    updatedAt: at(5),
    ...facts,
  }) as TaskSummary;

const run = (id: string, facts: Partial<RunRecord>) =>
  ({
    id,
    tenantId: 'acme',
    projectId: 'shop',
    backendProfile: 'exec',
    status: 'running',
    terminalStatus: null,
    failureKind: null,
    failureMessage: null,
    sessionRef: null,
    attempt: 1,
    updatedAt: at(5),
    ...facts,
  }) as RunRecord;

function rowsOf(data: { tasks?: TaskSummary[]; sessions?: SessionRecord[]; runs?: RunRecord[] }): InboxRow[] {
  return inboxRows({ tasks: [], sessions: [], runs: [], ...data }, NOW);
}

describe('the inbox', () => {
  it('puts a question before a failure before what runs before what is over, the newest of each first', () => {
    const rows = rowsOf({
      sessions: [
        session('done', { attentionState: 'unread', unread: true }),
        session('runs', { active: true, executionState: 'running', attentionState: 'active-session' }),
        session('failed-old', { attentionState: 'failed', lastActivityAt: at(9) }),
        session('failed-new', { attentionState: 'failed', lastActivityAt: at(1) }),
        session('asks', { attentionState: 'needs-input', lastActivityAt: at(60) }),
      ],
    });
    assert.deepEqual(
      rows.map(({ key }) => key),
      ['asks', 'failed-new', 'failed-old', 'runs', 'done'],
    );
    assert.deepEqual(
      rows.map(({ group }) => group),
      ['needs-you', 'needs-you', 'needs-you', 'running', 'recent'],
    );
    assert.deepEqual(tabState(rows), { needYou: 3, running: 1, unread: 1 });
  });

  it('shows the work of a task once, as the task', () => {
    const attempt = { sessionId: 'of-task', runId: 'run_of_task' } as TaskSummary['latestAttempt'];
    const rows = rowsOf({
      tasks: [task('t', { state: 'running', phase: 'running', latestAttempt: attempt })],
      sessions: [session('of-task', {})],
      runs: [run('run_of_task', {}), run('run_alone', {})],
    });
    assert.deepEqual(rows.map(({ key }) => key).sort(), ['run_alone', 't']);
  });

  it('says why each row is there', () => {
    const why = (row: InboxRow | undefined) => row?.why;
    assert.equal(why(rowsOf({ tasks: [task('t', { phase: 'waiting-for-dispatch' })] })[0]), 'not dispatched yet');
    assert.equal(
      why(
        rowsOf({
          tasks: [
            task('t', { state: 'failed', phase: 'ended', failureKind: 'hard-timeout', failureMessage: 'too long' }),
          ],
        })[0],
      ),
      'hard timeout: too long',
    );
    assert.equal(why(rowsOf({ runs: [run('r', { status: 'pending' })] })[0]), 'waits for a runner');
  });

  it('finds rows by all words of a search, wherever they stand', () => {
    const [row] = rowsOf({ tasks: [task('t', { title: 'Repair the cart', attentionState: 'failed' })] });
    assert.ok(
      row !== undefined &&
        matchesSearch(row, 'CART acme') &&
        matchesSearch(row, '') &&
        !matchesSearch(row, 'cart globex'),
    );
  });

  it('keeps rows where they are under the pointer, with what is new in them, and counts those that moved', () => {
    const before = rowsOf({
      sessions: [session('a', { lastActivityAt: at(1) }), session('b', { lastActivityAt: at(2) })],
    });
    const after = rowsOf({
      sessions: [session('a', { lastActivityAt: at(1) }), session('b', { lastActivityAt: at(0), unread: true })],
    });
    assert.equal(movedRows(before, before), 0);
    assert.equal(movedRows(before, after), 2);
    assert.deepEqual(
      inShownOrder(before, after).map(({ key, isUnread }) => [key, isUnread]),
      [
        ['a', false],
        ['b', true],
      ],
    );
  });
});
