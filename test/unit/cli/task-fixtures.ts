import { NEEDS_ATTENTION } from '../../../src/domain/attention.js';
import type { BoardData } from '../../../src/cli/board/board-state.js';
import type { QueueRecord, QueueStats } from '../../../src/contract/queue.js';
import type { TaskAttempt, TaskDetail, TaskSummary, TaskSupervisor } from '../../../src/contract/task.js';
import { taskAttempt, taskRecord } from '../../support/task-records.js';

/** What the manager would tell of tasks and queues, as far as a test cares. */

export const NOW_MS = Date.parse('2026-03-01T14:02:11.000Z');

export const ago = (ms: number): string => new Date(NOW_MS - ms).toISOString();
const [SECOND, MINUTE] = [1_000, 60_000];

export function queueOf(given: Partial<QueueRecord> = {}): QueueRecord {
  return {
    name: 'default',
    concurrency: 10,
    paused: false,
    autoDispatch: false,
    maxPending: 10_000,
    weights: {},
    updatedAt: null,
    valuesPrinted: false,
    ...given,
  };
}

export function taskOf(name: string, given: Partial<TaskSummary> = {}): TaskSummary {
  return {
    ...taskRecord({
      id: `task_${name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')}00000000`,
      title: name,
      phase: 'waiting-for-slot',
      dispatchedAt: ago(5 * MINUTE),
      createdAt: ago(6 * MINUTE),
      updatedAt: ago(5 * MINUTE),
    }),
    active: false,
    attentionState: 'none',
    activeSession: null,
    supervisor: null,
    ...given,
  };
}

export function attemptOf(given: Partial<TaskAttempt> = {}): TaskAttempt {
  return taskAttempt({ startedAt: ago(4 * MINUTE), ...given });
}

/** One that works on it, and said something three seconds ago. */
export function runningTask(name: string, given: Partial<TaskSummary> = {}, said = 'npm test'): TaskSummary {
  const lastActivity = { summary: said, ageMs: 3 * SECOND };
  return taskOf(name, {
    state: 'running',
    phase: 'running',
    latestAttempt: attemptOf(),
    supervisor: { phase: 'tool-running', lastActivity, lastEventAgeMs: 3 * SECOND } as TaskSupervisor,
    ...given,
  });
}

export function endedTask(name: string, state: 'completed' | 'failed' | 'blocked', given: Partial<TaskSummary> = {}) {
  const attentionState = { completed: 'unread', failed: 'failed', blocked: 'needs-input' } as const;
  return taskOf(name, {
    state,
    phase: 'ended',
    unread: true,
    attentionState: attentionState[state],
    finishedAt: ago(MINUTE),
    latestAttempt: attemptOf({ state, finishedAt: ago(MINUTE) }),
    ...given,
  });
}

export function detailOf(task: TaskSummary, given: Partial<TaskDetail> = {}): TaskDetail {
  return {
    ...task,
    payload: { prompt: 'Fix the flaky test.\nThen run all of them.' },
    workspaceRef: { kind: 'none' },
    executionPolicy: {
      sandbox: 'workspace-write',
      approval: 'never',
      network: true,
      timeoutMs: 3_600_000,
      idleTimeoutMs: 600_000,
    },
    attempts: task.latestAttempt === null ? [] : [task.latestAttempt],
    diagnosis: 'The task waits for a slot of its queue.',
    ...given,
  };
}

function statsOf(tasks: readonly TaskSummary[]): QueueStats {
  const count = (state: TaskSummary['state']) => tasks.filter((task) => task.state === state).length;
  return {
    queue: 'default',
    counts: {
      pending: count('pending'),
      running: count('running'),
      completed: count('completed'),
      failed: count('failed'),
      blocked: count('blocked'),
      cancelled: count('cancelled'),
    },
    waiting: { forDispatch: 0, untilTime: 0, forSlot: count('pending'), toRetry: 0 },
    running: count('running'),
    oldestPendingAgeMs: count('pending') === 0 ? null : 6 * MINUTE,
    oldestPendingTaskId: null,
    longestSlotWaitMs: null,
    throughput: { endedLastMinute: 0, endedLastHour: 42, completedLastHour: 40, failedLastHour: 2 },
    settings: queueOf(),
    valuesPrinted: false,
  };
}

export function boardOf(tasks: readonly TaskSummary[], given: Partial<BoardData> = {}): BoardData {
  return {
    atMs: NOW_MS,
    stats: statsOf(tasks),
    totals: {
      attentionCount: tasks.filter(({ attentionState }) => NEEDS_ATTENTION.includes(attentionState)).length,
      unreadCount: tasks.filter(({ unread }) => unread).length,
      activeSessionCount: 0,
    },
    tasks,
    queues: [queueOf()],
    ...given,
  };
}
