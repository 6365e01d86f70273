import assert from 'node:assert/strict';
import { ownCommands } from '../../../src/cli/commands/task/next-steps.js';
import { notBefore, tokens } from '../../../src/cli/commands/task/options.js';
import { clockTime } from '../../../src/cli/durations.js';
import { budgetWords, nearestCap } from '../../../src/cli/task-budget.js';
import { taskName, taskWhy, tries } from '../../../src/cli/task-words.js';
import type { TaskSummary } from '../../../src/contract/task.js';
import { ago, attemptOf, endedTask, NOW_MS, runningTask, taskOf } from './task-fixtures.js';

const FAILED = attemptOf({ state: 'failed', failureKind: 'runner-lost', failureMessage: 'its machine\nis gone' });
const at = (ms: number) => clockTime(NOW_MS + ms, NOW_MS);

describe('why a task is where it is', () => {
  const cases: [TaskSummary, string][] = [
    [taskOf('a', { phase: 'waiting-for-dispatch' }), 'not dispatched'],
    [taskOf('a', { phase: 'waiting-until', waitingUntil: ago(-90_000) }), `waits until ${at(90_000)} (in 90 s)`],
    [taskOf('a'), 'waits for a slot'],
    [taskOf('a', { latestAttempt: FAILED }), 'waits for a slot, after runner-lost: its machine is gone'],
    [
      taskOf('a', { phase: 'waiting-to-retry', waitingUntil: ago(-8_000), latestAttempt: FAILED }),
      'tries again in 8 s, after runner-lost: its machine is gone',
    ],
    [taskOf('a', { phase: 'waiting-to-retry', waitingUntil: ago(1) }), 'tries again now'],
    [taskOf('a', { phase: 'starting' }), 'its attempt is being made'],
    [runningTask('a'), 'npm test · 3 s ago'],
    [runningTask('a', { supervisor: null }), 'an attempt runs'],
    [
      runningTask('a', { supervisor: { phase: 'unavailable', failureKind: 'infra-failed', message: 'no rows' } }),
      'no rows',
    ],
    [
      runningTask('a', { supervisor: { leaseExpired: true, lastEventAgeMs: 42_000 } as TaskSummary['supervisor'] }),
      'nothing is heard of its runner · 42 s ago',
    ],
    [
      runningTask('a', {
        latestAttempt: attemptOf({ state: 'pending', startedRun: false }),
        activeSession: { activeCommandId: 'cmd_of_another' } as TaskSummary['activeSession'],
      }),
      'waits for its turn: its session works on another',
    ],
    [taskOf('a', { phase: 'cancelling', cancelReason: 'no use' }), 'being cancelled: no use'],
    [endedTask('a', 'blocked', { failureMessage: 'Which one?' }), 'asks: Which one?'],
    [endedTask('a', 'blocked'), 'asks: it waits for an answer'],
    [
      endedTask('a', 'blocked', { failureKind: 'budget-exceeded', failureMessage: '200,000 tokens are used up' }),
      'budget-exceeded: 200,000 tokens are used up',
    ],
    [endedTask('a', 'failed', { failureKind: 'backend-failed', failureMessage: 'exit code 3' }), 'exit code 3'],
    [endedTask('a', 'failed', { failureKind: 'hard-timeout' }), 'hard-timeout'],
    [endedTask('a', 'completed'), 'took 4 min'],
    [endedTask('a', 'completed', { active: true }), 'ended completed; its session goes on'],
  ];
  for (const [task, why] of cases) {
    it(`is said of ${task.phase} ${task.failureKind ?? ''}: ${why}`, () => assert.equal(taskWhy(task, NOW_MS), why));
  }

  it('names a task by its title on one line, else by the end of its id', () => {
    assert.equal(taskName(taskOf('a', { title: 'one\n\u001b[31mtwo' })), 'one two');
    assert.equal(taskName(taskOf('a', { title: null, id: 'task_0123456789abcdef' })), 'task …89abcdef');
    const again = runningTask('a', { latestAttempt: attemptOf({ attempt: 4 }) });
    assert.deepEqual([tries(taskOf('a')), tries(runningTask('a')), tries(again)], ['–', '1/3', '4']);
  });
});

describe('the budget of a task', () => {
  const of = (maxTokens: number | null, maxWallTimeMs: number | null, totalTokens: number, wallTimeMs: number) =>
    taskOf('a', { budget: { maxTokens, maxWallTimeMs }, usage: { totalTokens, wallTimeMs } });

  it('is told by the cap that is nearer', () => {
    assert.equal(nearestCap(of(null, null, 5, 5)), null);
    assert.equal(nearestCap(of(100, 1_000, 81, 400))?.text, '81% tok');
    assert.equal(nearestCap(of(100, 1_000, 1, 1_200))?.text, '120% time');
  });

  it('is told in full where there is room', () => {
    assert.equal(budgetWords(of(200_000, 1_800_000, 162_000, 720_000)), '162,000 of 200,000 tokens, 12 min of 30 min');
    assert.equal(budgetWords(of(null, null, 0, 720_000)), '12 min');
    assert.equal(budgetWords(of(null, null, 0, 0)), null);
  });
});

describe('what to do next with a task', () => {
  const run = { latestAttempt: attemptOf() };
  const verbs = (task: TaskSummary) => ownCommands(task).map((command) => command.replace(/ (task|run)_\w+$/, ''));

  it('follows from its phase', () => {
    assert.deepEqual(verbs(taskOf('a', { phase: 'waiting-for-dispatch' })), ['task dispatch', 'task cancel']);
    assert.deepEqual(verbs(taskOf('a')), ['queue stats default', 'task watch', 'task cancel']);
    assert.deepEqual(verbs(runningTask('a')), ['task watch', 'run show', 'task cancel']);
    assert.deepEqual(verbs(endedTask('a', 'failed')), ['run show', 'task dispatch']);
    assert.deepEqual(verbs(endedTask('a', 'completed', run)), ['run show']);
  });
});

describe('options of a task', () => {
  it('take numbers of tokens with k and M', () => {
    assert.deepEqual(['200000', '200k', '1.5M'].map(tokens), [200_000, 200_000, 1_500_000]);
    for (const wrong of ['', '0', '-1', '1.5', '2G', 'k']) assert.throws(() => tokens(wrong), /whole number/);
  });

  it('take a time, or one from now', () => {
    assert.deepEqual(notBefore('2026-03-01T09:00:00+01:00'), { at: '2026-03-01T08:00:00.000Z', isRelative: false });
    const { at: soon, isRelative } = notBefore('+10m');
    assert.ok(Math.abs(Date.parse(soon) - Date.now() - 600_000) < 5_000 && isRelative);
    for (const wrong of ['tomorrow', '10m', '+10', '2026-13-01', '5']) assert.throws(() => notBefore(wrong));
  });
});
