import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { eventually, type Loose } from '../support/api.js';
import { refused, succeeded, useManager, type Api } from './api.js';
import { bodyOf, create, dispatch, ended, freshQueue, read, TASKS, until } from './tasks.js';

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();
const isAtWork = ({ latestAttempt }: Loose) => latestAttempt?.state === 'acknowledged';

describe('a task', function () {
  this.timeout(120_000);
  const manager = useManager();

  it('runs when it is dispatched, once, however often that is said', async () => {
    const task = await create(manager.api, { prompt: 'echo done by $(basename $0)' });
    const answers = await Promise.all(Array.from({ length: 4 }, async () => dispatch(manager.api, task.id)));
    assert.ok(answers.every(({ dispatchedAt }) => dispatchedAt !== null));
    const whole = await ended(manager.api, task.id);
    assert.deepEqual([whole.state, whole.attempts.length, whole.failureKind], ['completed', 1, null]);
    const { latestAttempt, supervisor } = whole;
    assert.deepEqual(whole.attempts, [latestAttempt]);
    assert.deepEqual(
      [latestAttempt.attempt, latestAttempt.state, latestAttempt.startedRun, latestAttempt.sessionId],
      [1, 'completed', true, null],
    );
    assert.ok(latestAttempt.runnerJobId && latestAttempt.finishedAt && whole.usage.wallTimeMs > 0);
    assert.deepEqual(
      [supervisor.source, supervisor.runId, supervisor.commandId, supervisor.terminalStatus, supervisor.active],
      ['latest-attempt', latestAttempt.runId, latestAttempt.commandId, 'completed', false],
    );
    assert.match(whole.diagnosis, /The task completed in attempt 1 of 3; read the reply/);
    const details = refused(await manager.api.post(`${TASKS}/${task.id}/dispatch`), 409, 'schema-invalid');
    assert.deepEqual([details.taskId, details.state], [task.id, 'completed']);
    const listed = succeeded(await manager.api.get(`${TASKS}?queue=${task.queue}`));
    assert.deepEqual(
      listed.items.map(({ id, supervisor: { status } }: Loose) => [id, status]),
      [[task.id, 'completed']],
    );
  });

  it('is unread when it has ended, to each reader until that one marks it', async () => {
    const task = await create(manager.api, { autoDispatch: true });
    const whole = await ended(manager.api, task.id);
    assert.deepEqual([whole.unread, whole.attentionState], [true, 'unread']);
    const marked = succeeded(await manager.api.post(`${TASKS}/${task.id}/read`, { readerId: 'ann' }));
    assert.deepEqual([marked.unread, marked.attentionState], [false, 'none']);
    const forAnn = succeeded(await manager.api.get(`${TASKS}/${task.id}?readerId=ann`));
    assert.deepEqual([forAnn.unread, (await read(manager.api, task.id)).unread], [false, true]);
    assert.equal(succeeded(await manager.api.post(`${TASKS}/${task.id}/read`)).unread, false);
    assert.equal((await read(manager.api, task.id)).unread, false);
  });

  it('that failed begins again when it is dispatched again, and remembers its attempts', async () => {
    const task = await create(manager.api, { prompt: 'exit 3', autoDispatch: true });
    const failed = await ended(manager.api, task.id);
    assert.deepEqual([failed.state, failed.failureKind, failed.attentionState], ['failed', 'backend-failed', 'failed']);
    assert.match(failed.diagnosis, /The task failed after attempt 1 of 3: .*dispatch the task again/);
    const { action, operation, resourceKind, resourceName } = failed.supervisor.recoveryActions[0];
    assert.deepEqual([action, operation, resourceKind, resourceName], ['dispatch-task', 'dispatch', 'task', task.id]);
    assert.ok(failed.supervisor.recoveryActions.every((one: Loose) => one.action !== 'create-run'));
    await dispatch(manager.api, task.id);
    const again = await until(
      manager.api,
      task.id,
      ({ attempts, phase }) => attempts.length === 2 && phase === 'ended',
    );
    assert.deepEqual(
      again.attempts.map(({ attempt, state }: Loose) => [attempt, state]),
      [
        [1, 'failed'],
        [2, 'failed'],
      ],
    );
    assert.notEqual(again.attempts[0].runId, again.attempts[1].runId);
  });

  it('waits for its time', async () => {
    const notBefore = inAnHour();
    const task = await create(manager.api, { autoDispatch: true, notBefore });
    assert.deepEqual([task.phase, task.waitingUntil, task.notBefore], ['waiting-until', notBefore, notBefore]);
    const cancelled = succeeded(await manager.api.post(`${TASKS}/${task.id}/cancel`, { reason: 'changed my mind' }));
    assert.deepEqual(
      [cancelled.state, cancelled.cancelReason, cancelled.waitingUntil],
      ['cancelled', 'changed my mind', null],
    );
    const later = succeeded(await manager.api.post(`${TASKS}/${task.id}/cancel`, { reason: 'again' }));
    assert.equal(later.cancelReason, 'changed my mind');
    refused(await manager.api.post(`${TASKS}/${task.id}/dispatch`), 409, 'schema-invalid');
    assert.match((await read(manager.api, task.id)).diagnosis, /was cancelled \(changed my mind\)/);
  });

  it('is cancelled with its command and the run that it started', async () => {
    const task = await create(manager.api, { prompt: 'sleep 60', autoDispatch: true });
    const { latestAttempt } = await until(manager.api, task.id, isAtWork);
    const asked = succeeded(await manager.api.post(`${TASKS}/${task.id}/cancel`, { reason: 'enough' }));
    assert.ok(asked.cancelRequestedAt);
    const whole = await ended(manager.api, task.id);
    assert.deepEqual([whole.state, whole.cancelReason], ['cancelled', 'enough']);
    assert.equal(whole.latestAttempt.state, 'cancelled');
    const run = await eventually(
      async () => succeeded(await manager.api.get(`/api/v1/runs/${latestAttempt.runId}`)),
      ({ terminalStatus }) => terminalStatus !== null,
    );
    assert.equal(run.status, 'cancelled');
  });

  it('shows how the session stands that it works in', async () => {
    const sessionId = `s-${randomUUID()}`;
    const folder = await mkdtemp(join(tmpdir(), 'agentrun-task-'));
    const go = join(folder, 'go');
    const prompt = `until [ -e ${go} ]; do sleep 0.1; done`;
    const task = await create(manager.api, { prompt, autoDispatch: true, sessionRef: { sessionId } });
    const working = await until(manager.api, task.id, isAtWork);
    assert.deepEqual([working.active, working.attentionState], [true, 'active-session']);
    assert.deepEqual(
      [working.activeSession.sessionId, working.activeSession.sessionPath, working.activeSession.executionState],
      [sessionId, `/api/v1/sessions/${sessionId}`, 'running'],
    );
    const { source, phase, activeCommandId } = working.supervisor;
    assert.deepEqual([source, activeCommandId], ['active-session', working.latestAttempt.commandId]);
    // It waits by a tool, which its runner may have told already.
    assert.match(phase, /^(turn|tool)-running$/);
    assert.deepEqual(working.supervisor.activeSession, working.activeSession);
    succeeded(await manager.api.post(`${TASKS}/${task.id}/read`));
    const minded = succeeded(await manager.api.get(`/api/v1/queue/commander?queue=${task.queue}`));
    assert.deepEqual([minded.items[0].id, minded.count, minded.activeSessionCount], [task.id, 1, 1]);
    await writeFile(go, '');
    const whole = await ended(manager.api, task.id);
    assert.deepEqual([whole.activeSession, whole.active, whole.state], [null, false, 'completed']);
    assert.equal(whole.latestAttempt.sessionId, sessionId);
    await rm(folder, { recursive: true });
  });

  it('says how it stands when it is asked to look', async () => {
    const task = await create(manager.api, { autoDispatch: true });
    const looked = succeeded(await manager.api.post(`${TASKS}/${task.id}/refresh`));
    assert.equal(looked.id, task.id);
    await ended(manager.api, task.id);
    assert.equal(succeeded(await manager.api.post(`${TASKS}/${task.id}/refresh`)).state, 'completed');
  });

  it('is refused when its queue is full, and takes its place when there is room', async () => {
    const queue = freshQueue();
    succeeded(await manager.api.request('PUT', `/api/v1/queue/queues/${queue}`, { maxPending: 1 }));
    const first = await create(manager.api, { queue });
    const idempotencyKey = randomUUID();
    const details = refused(await manager.api.post(TASKS, bodyOf({ queue, idempotencyKey })), 429, 'rate-limited');
    assert.deepEqual([details.queue, details.maxPending], [queue, 1]);
    succeeded(await manager.api.post(`${TASKS}/${first.id}/cancel`));
    assert.equal((await create(manager.api, { queue, idempotencyKey })).state, 'pending');
  });

  it('does not begin again when its queue is full', async () => {
    const queue = freshQueue();
    const failed = await create(manager.api, { queue, prompt: 'exit 3', autoDispatch: true });
    assert.equal((await ended(manager.api, failed.id)).state, 'failed');
    succeeded(await manager.api.request('PUT', `/api/v1/queue/queues/${queue}`, { maxPending: 1, paused: true }));
    const first = await create(manager.api, { queue });
    const dispatched = await manager.api.post(`${TASKS}/${failed.id}/dispatch`);
    assert.equal(refused(dispatched, 429, 'rate-limited').maxPending, 1);
    assert.equal((await read(manager.api, failed.id)).state, 'failed');
    succeeded(await manager.api.post(`${TASKS}/${first.id}/dispatch`));
    succeeded(await manager.api.post(`${TASKS}/${first.id}/cancel`));
    assert.equal((await dispatch(manager.api, failed.id)).phase, 'waiting-for-slot');
    refused(await manager.api.post(TASKS, bodyOf({ queue })), 429, 'rate-limited');
  });

  it('cannot be told a reason or a reader that is none', async () => {
    const { id } = await create(manager.api);
    const field = (answer: Awaited<ReturnType<Api['post']>>) => refused(answer, 400, 'schema-invalid').field;
    assert.equal(field(await manager.api.post(`${TASKS}/${id}/cancel`, { reason: 'x'.repeat(2_001) })), 'reason');
    assert.equal(field(await manager.api.post(`${TASKS}/${id}/cancel`, { reason: 5 })), 'reason');
    assert.equal(field(await manager.api.post(`${TASKS}/${id}/read`, { readerId: 'a b' })), 'readerId');
    assert.equal(field(await manager.api.get(`${TASKS}/${id}?readerId=a%20b`)), 'readerId');
    assert.equal((await read(manager.api, id)).state, 'pending');
  });
});
