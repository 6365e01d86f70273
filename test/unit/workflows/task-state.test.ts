import assert from 'node:assert/strict';
import { FAILURE_KINDS } from '../../../src/domain/failure-kinds.js';
import type { Outcome } from '../../../src/domain/outcome.js';
import { TASK_RETRIES } from '../../../src/domain/task-retries.js';
import { TaskRefused, type TaskInput } from '../../../src/domain/task-messages.js';
import { nextTaskStep } from '../../../workflows/queue-task/next-step.js';
import { phaseOf, stateOf } from '../../../workflows/queue-task/task-data.js';
import { TaskState } from '../../../workflows/queue-task/task-state.js';

const HOUR_MS = 3_600_000;

function taskInput(more: Partial<TaskInput> = {}): TaskInput {
  return {
    taskId: 'task_1',
    tenantId: 'acme',
    queue: 'default',
    priority: 500,
    createdAtMs: 0,
    retry: { maxAttempts: 3, backoffMs: 1_000, maxBackoffMs: 10_000 },
    notBeforeMs: null,
    autoDispatch: false,
    maxWallTimeMs: null,
    backstopMs: HOUR_MS,
    ...more,
  };
}

const STARTED = { runId: 'run_1', commandId: 'cmd_1', sessionId: null, runnerJobId: 'rjob_1', startedRun: true };
const COMPLETED: Outcome = { status: 'completed', failureKind: null, message: null };
const failed = (failureKind: Outcome['failureKind']): Outcome => ({ status: 'failed', failureKind, message: null });
const BUDGET: Outcome = { status: 'blocked', failureKind: 'budget-exceeded', message: { text: 'too much' } };

/** A task and what it does by itself. */
function taskOf(input: TaskInput) {
  const task = new TaskState(input);
  const step = (nowMs = Date.now()) => nextTaskStep(input, task.data, nowMs);
  const where = () => `${stateOf(task.data)} ${phaseOf(task.data)} ${step().do}`;
  /** Gets a slot and starts the next attempt. */
  const start = (commandId = STARTED.commandId) => {
    task.waitIsOver();
    task.wantSlot();
    task.slotGranted(task.data.slot.attempt);
    task.beginAttempt();
    task.attemptStarted(task.data.attempt, { ...STARTED, commandId });
  };
  return { task, step, where, start };
}

describe('a task', () => {
  it('goes from its dispatch over a slot to an attempt, and ends as its command', () => {
    const { task, where } = taskOf(taskInput());
    assert.equal(where(), 'pending waiting-for-dispatch wait');
    task.dispatch();
    assert.equal(where(), 'pending waiting-for-slot want-slot');
    task.wantSlot();
    assert.equal(where(), 'pending waiting-for-slot tell-queue');
    task.data.slot.told = true;
    assert.equal(where(), 'pending waiting-for-slot wait');
    assert.equal(task.slotGranted(1), true);
    assert.equal(where(), 'running starting begin-attempt');
    task.beginAttempt();
    assert.equal(where(), 'running starting start-attempt');
    task.attemptStarted(1, STARTED);
    assert.equal(where(), 'running running wait');
    task.commandEnded('cmd_1', COMPLETED);
    assert.equal(where(), 'completed ended release-slot');
    task.slotReleased();
    assert.equal(where(), 'completed ended announce');
    task.data.announced = true;
    assert.equal(where(), 'completed ended finish');
  });

  it('waits for its time, dispatched or not', () => {
    const { task, where, step } = taskOf(taskInput({ notBeforeMs: Date.now() + HOUR_MS }));
    assert.equal(where(), 'pending waiting-for-dispatch wait');
    task.dispatch();
    assert.equal(where(), 'pending waiting-until wait');
    assert.equal(step(Date.now() + HOUR_MS).do, 'begin-wait-over');
  });

  it('hears of a command that ended before it was known which it is', () => {
    const { task, where } = taskOf(taskInput());
    task.dispatch();
    task.wantSlot();
    task.slotGranted(1);
    task.beginAttempt();
    task.commandEnded('cmd_other', failed('runner-lost'));
    task.commandEnded('cmd_1', COMPLETED);
    assert.equal(where(), 'running starting start-attempt');
    task.attemptStarted(1, STARTED);
    assert.equal(where(), 'completed ended release-slot');
  });

  it('takes no slot of another attempt, and none that it no longer wants', () => {
    const { task, start } = taskOf(taskInput());
    task.dispatch();
    task.wantSlot();
    assert.equal(task.slotGranted(2), false);
    start();
    assert.equal(task.slotGranted(1), true);
    task.commandEnded('cmd_1', COMPLETED);
    task.slotReleased();
    assert.equal(task.slotGranted(1), false);
  });

  it('gives its slot back between attempts, and waits longer each time', () => {
    const { task, where, start } = taskOf(taskInput());
    task.dispatch();
    start();
    task.attemptEnded(1, failed('runner-lost'));
    assert.equal(where(), 'pending waiting-to-retry release-slot');
    task.slotReleased();
    assert.equal(where(), 'pending waiting-to-retry wait');
    assert.ok(Math.abs((task.data.wait?.untilMs ?? 0) - Date.now() - 1_000) < 400);
    start();
    task.attemptEnded(2, failed('provider-unavailable'));
    assert.ok(Math.abs((task.data.wait?.untilMs ?? 0) - Date.now() - 2_000) < 400);
  });

  it('whose every try failed is blocked, with what to do', () => {
    const { task, start } = taskOf(taskInput());
    task.dispatch();
    for (const attempt of [1, 2, 3]) {
      start();
      task.attemptEnded(attempt, failed('runner-lost'));
      if (attempt < 3) task.slotReleased();
    }
    assert.equal(task.data.outcome?.status, 'blocked');
    assert.equal(task.data.outcome?.failureKind, 'runner-lost');
    assert.match(JSON.stringify(task.data.outcome?.message), /Each of 3 attempts failed.*dispatch the task again/);
  });

  it('that may try once only fails as its attempt did', () => {
    const { task, start } = taskOf(taskInput({ retry: { maxAttempts: 1, backoffMs: 0, maxBackoffMs: 0 } }));
    task.dispatch();
    start();
    task.attemptEnded(1, failed('runner-lost'));
    assert.deepEqual(task.data.outcome, failed('runner-lost'));
  });

  for (const kind of [null, ...FAILURE_KINDS]) {
    const retried = kind !== null && TASK_RETRIES[kind].retried;
    it(`${retried ? 'tries again' : 'does not try again'} after ${kind ?? 'a failure of no kind'}`, () => {
      const { task, start } = taskOf(taskInput());
      task.dispatch();
      start();
      task.attemptEnded(1, failed(kind));
      assert.equal(task.over, !retried);
    });
  }

  it('a retry that somebody asks for now does not wait', () => {
    const { task, where, start } = taskOf(taskInput());
    task.dispatch();
    start();
    task.attemptEnded(1, failed('runner-lost'));
    task.slotReleased();
    task.dispatch();
    assert.equal(where(), 'pending waiting-for-slot want-slot');
  });

  it('cancelled before it began has ended; in an attempt it is stopped first, and not tried again', () => {
    const early = taskOf(taskInput());
    early.task.cancel({ text: 'no' });
    assert.equal(early.where(), 'cancelled ended announce');
    const late = taskOf(taskInput());
    late.task.dispatch();
    late.start();
    late.task.cancel(null);
    assert.equal(late.where(), 'running cancelling stop-attempt');
    late.task.stopTold(1);
    assert.equal(late.where(), 'running cancelling wait');
    late.task.attemptEnded(1, failed('runner-lost'));
    assert.equal(late.where(), 'cancelled ended release-slot');
  });

  it('over a cap is stopped and ends blocked, unless it was done in that moment', () => {
    for (const [outcome, expected] of [
      [failed('runner-lost'), BUDGET],
      [{ status: 'cancelled', failureKind: 'cancelled', message: null }, BUDGET],
      [COMPLETED, COMPLETED],
    ] as [Outcome, Outcome][]) {
      const { task, where, start } = taskOf(taskInput());
      task.dispatch();
      start();
      task.stopAttempt(1, BUDGET);
      assert.equal(where(), 'running cancelling stop-attempt');
      task.attemptEnded(1, outcome);
      assert.deepEqual(task.data.outcome, expected);
    }
  });

  it('is over its wall time when its attempts together are', () => {
    const { task, step, start } = taskOf(taskInput({ maxWallTimeMs: 10_000 }));
    task.dispatch();
    start();
    task.data.wallTimeMs = 7_000;
    const startedAtMs = task.data.live?.startedAtMs ?? 0;
    assert.deepEqual(step(startedAtMs + 2_999), {
      do: 'wait',
      untilMs: startedAtMs + 3_000,
      name: "the task's wall time",
    });
    const over = step(startedAtMs + 3_000);
    assert.equal(over.do, 'over-budget');
    assert.match(JSON.stringify(over), /budget-exceeded.*10 s/);
  });

  it('looks at its attempt itself when nobody told of it for long', () => {
    const { task, step, start } = taskOf(taskInput({ backstopMs: 1_000 }));
    task.dispatch();
    start();
    assert.equal(step().do, 'wait');
    assert.equal(step(Date.now() + 1_000).do, 'check-attempt');
  });

  it('that has ended takes nothing more', () => {
    const { task } = taskOf(taskInput());
    task.cancel(null);
    for (const said of [() => task.dispatch(), () => task.cancel(null)]) {
      assert.throws(said, (error) => error instanceof TaskRefused && error.type === 'task-closing');
    }
  });

  it('goes on after its end where it was, with all its tries', () => {
    const { task, start } = taskOf(taskInput({ after: { attempt: 3, version: 40, wallTimeMs: 5_000 } }));
    assert.equal(task.data.version, 41);
    task.dispatch();
    start();
    assert.equal(task.data.attempt, 4);
    task.attemptEnded(4, failed('runner-lost'));
    assert.equal(task.over, false);
    assert.ok(task.data.wallTimeMs >= 5_000);
  });
});
