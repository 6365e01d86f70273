import { Client, Connection, ScheduleNotFoundError } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import assert from 'node:assert/strict';
import { TASK_QUEUE, taskWorkflowId, temporalScheduleId } from '../../src/domain/ids.js';
import type { SearchAttributeName } from '../../src/domain/search-attributes.js';
import type { scheduledTaskWorkflow } from '../../workflows/schedule/workflow.js';
import { Api, eventually, type Loose } from '../support/api.js';
import { decoded } from '../support/histories/scrub.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const PATH = '/api/v1/queue/schedules';
const TASKS = '/api/v1/queue/tasks';

const keyOf = (name: SearchAttributeName) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);

describe('the times of a schedule', function () {
  this.timeout(120_000);
  let manager: TestManager;
  let api: Api;
  let temporal: Client;
  let connection: Connection;
  let numbered = 0;

  before(async () => {
    manager = await startTestManager({ AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '200', AGENTRUN_CANCEL_GRACE_MS: '500' });
    api = new Api(manager.url, manager.operatorToken);
    connection = await Connection.connect({ address: manager.temporal.address });
    temporal = new Client({ connection, namespace: manager.temporal.namespace });
  });
  after(async () => {
    await connection.close();
    await manager.stop();
  });

  /** Each test's tasks are those of a tenant of its own. */
  const bodyOf = (given: Record<string, unknown> = {}, task: Record<string, unknown> = {}) => ({
    scheduleId: `schedule-${(numbered += 1)}`,
    intervalMs: 1_000,
    task: { tenantId: `tenant-${numbered}`, projectId: 'p', backendProfile: 'exec', prompt: 'true', ...task },
    ...given,
  });
  const create = async (given: Record<string, unknown> = {}, task: Record<string, unknown> = {}): Promise<Loose> =>
    api.post(PATH, bodyOf(given, task));
  const show = async ({ scheduleId }: Loose): Promise<Loose> => api.get(`${PATH}/${scheduleId}`);
  const pause = async ({ scheduleId }: Loose): Promise<Loose> => api.patch(`${PATH}/${scheduleId}`, { paused: true });
  const until = async (schedule: Loose, satisfies: (shown: Loose) => boolean): Promise<Loose> =>
    eventually(async () => show(schedule), satisfies, 40_000);
  /** Each time that came has its task. */
  const made = async (schedule: Loose): Promise<Loose> =>
    until(schedule, ({ lastActions }) => lastActions.every((action: Loose) => action.taskId !== null));
  /** And all of them have ended. */
  const quiet = async (schedule: Loose): Promise<Loose> => {
    await made(schedule);
    return until(schedule, ({ activeTaskIds }) => activeTaskIds.length === 0);
  };
  const tasksOf = async ({ tenantId }: Loose): Promise<Loose[]> =>
    (await api.get(`${TASKS}?limit=500`)).items.filter((task: Loose) => task.tenantId === tenantId);
  const scheduleOf = ({ scheduleId }: Loose) => temporal.schedule.getHandle(temporalScheduleId(scheduleId));

  it('are those of one of several that are asked for at once in different words', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { scheduleId, ...rest } = bodyOf({ paused: true });
      const asked = [3_600_000, 7_200_000, 10_800_000, 14_400_000].map((intervalMs) => ({
        ...rest,
        scheduleId,
        intervalMs,
      }));
      const answers = await Promise.all(asked.map(async (body) => api.request('POST', PATH, body)));
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409, 409]);
      const { intervalMs } = await show({ scheduleId });
      const { spec } = await scheduleOf({ scheduleId }).describe();
      assert.equal(spec.intervals?.[0]?.every, intervalMs);
      await api.ok('DELETE', `${PATH}/${scheduleId}`);
    }
  });

  it('make tasks that are dispatched by themselves, one after another, and tell which', async () => {
    const schedule = await create({}, { title: 'each second' });
    const shown = await until(schedule, ({ lastActions }) => lastActions.length >= 2 && lastActions[1].taskId !== null);
    await pause(schedule);
    const [, before] = shown.lastActions;
    const task = await eventually(
      async () => api.get(`${TASKS}/${before.taskId}`),
      ({ state }) => state === 'completed',
    );
    assert.deepEqual(
      [task.title, task.tenantId, task.autoDispatch, before.failureKind],
      ['each second', schedule.tenantId, true, null],
    );
    assert.equal(Date.parse(before.scheduledAt) % 1_000, 0);
    const done = await quiet(schedule);
    const made = (await tasksOf(schedule)).map((each) => each.id);
    assert.equal(made.length, done.counts.taken);
    assert.deepEqual(new Set(done.lastActions.map((action: Loose) => action.taskId)), new Set(made.slice(0, 10)));
  });

  it('are left out while the task of one has not ended, by default', async () => {
    const schedule = await create({}, { prompt: 'read x' });
    const shown = await until(schedule, ({ counts, activeTaskIds }) => counts.skipped >= 2 && activeTaskIds.length > 0);
    assert.equal(shown.counts.taken, 1);
    const [task] = await tasksOf(schedule);
    assert.deepEqual(shown.activeTaskIds, [task?.id]);
    await pause(schedule);
    await api.post(`${TASKS}/${task?.id}/cancel`);
    await quiet(schedule);
    assert.equal((await tasksOf(schedule)).length, 1);
  });

  it('cancel the task of the time before, where the schedule says so', async () => {
    const schedule = await create({ overlapPolicy: 'cancel-other', intervalMs: 4_000 }, { prompt: 'read x' });
    await until(schedule, ({ lastActions }) => lastActions.length >= 3 && lastActions[1].taskId !== null);
    await pause(schedule);
    const { activeTaskIds } = await made(schedule);
    const [newest, ...before] = await tasksOf(schedule);
    assert.deepEqual(activeTaskIds, [newest?.id]);
    for (const [index, task] of before.entries()) {
      assert.deepEqual(
        [task.state, task.cancelReason],
        ['cancelled', `its time in schedule ${schedule.scheduleId} was cancelled`],
      );
      const next = [newest, ...before][index];
      assert.ok(Date.parse(next.createdAt) >= Date.parse(task.finishedAt), 'never two at once');
    }
    await api.post(`${TASKS}/${newest?.id}/cancel`);
    await quiet(schedule);
  });

  it('run beside each other, where the schedule says so', async () => {
    const schedule = await create({ overlapPolicy: 'allow-all' }, { prompt: 'read x' });
    const shown = await until(schedule, ({ activeTaskIds }) => activeTaskIds.length >= 2);
    await pause(schedule);
    for (const taskId of (await made(schedule)).activeTaskIds) await api.post(`${TASKS}/${taskId}/cancel`);
    assert.equal(shown.counts.skipped, 0);
    await quiet(schedule);
  });

  it('that are refused say why, and the next ones come all the same', async () => {
    const queue = `full-${numbered}`;
    await api.ok('PUT', `/api/v1/queue/queues/${queue}`, { maxPending: 1, paused: true });
    // Of the schedule's tenant: another's would not keep it from its share.
    const tenantId = `tenant-${numbered + 1}`;
    await api.post(TASKS, { tenantId, projectId: 'p', backendProfile: 'exec', prompt: 'true', queue });
    const schedule = await create({}, { queue });
    const shown = await until(
      schedule,
      ({ lastActions }) => lastActions.length >= 2 && lastActions[1].failureKind !== null,
    );
    await pause(schedule);
    const { taskId, failureKind, failureMessage } = shown.lastActions[1];
    assert.deepEqual([taskId, failureKind], [null, 'rate-limited']);
    assert.match(failureMessage, /full/);
    assert.equal((await tasksOf(schedule)).length, 1, 'the one that was there');
  });

  it('make one task each, however often it is tried', async () => {
    const schedule = await create();
    await until(schedule, ({ lastActions }) => lastActions.length > 0 && lastActions[0].taskId !== null);
    await pause(schedule);
    const done = await quiet(schedule);
    const { recentActions } = (await scheduleOf(schedule).describe()).info;
    const { workflowId } = recentActions.at(-1)!.action.workflow;
    await temporal.workflow.getHandle(workflowId).result();
    const before = await tasksOf(schedule);
    const again = await temporal.workflow.start<typeof scheduledTaskWorkflow>('scheduledTaskWorkflow', {
      workflowId,
      taskQueue: TASK_QUEUE,
      args: [{ scheduleId: schedule.scheduleId }],
    });
    await eventually(
      async () => (await again.fetchHistory()).events?.filter((event) => event.activityTaskCompletedEventAttributes),
      (completed) => (completed?.length ?? 0) >= 1,
    );
    assert.deepEqual(
      (await tasksOf(schedule)).map((task) => task.id),
      before.map((task) => task.id),
    );
    assert.equal((await show(schedule)).lastActions[0].taskId, done.lastActions[0].taskId);
    await again.terminate();
  });

  it('come no more once the schedule is deleted; its tasks go on', async () => {
    const schedule = await create({}, { prompt: 'read x; echo $x' });
    const { activeTaskIds } = await until(schedule, (shown) => shown.activeTaskIds.length === 1);
    await api.ok('DELETE', `${PATH}/${schedule.scheduleId}`);
    await assert.rejects(scheduleOf(schedule).describe(), ScheduleNotFoundError);
    assert.ok(['pending', 'running'].includes((await api.get(`${TASKS}/${activeTaskIds[0]}`)).state));
    await api.post(`${TASKS}/${activeTaskIds[0]}/cancel`);
    assert.equal((await tasksOf(schedule)).length, 1);
  });

  it('stop where the schedule has no row: Temporal forgets it at the next one', async () => {
    const schedule = await create();
    await manager.database.query('DELETE FROM schedules WHERE id = $1', [schedule.scheduleId]);
    await eventually(
      async () =>
        scheduleOf(schedule)
          .describe()
          .catch((error: unknown) => error),
      (answer) => answer instanceof ScheduleNotFoundError,
    );
  });

  it('are given to Temporal again where that has lost the schedule, when somebody asks for it', async () => {
    const given = bodyOf({ intervalMs: undefined, cron: '0 3 * * *' });
    const schedule = await api.post(PATH, given);
    const heals: [what: string, heal: () => Promise<Loose>][] = [
      ['create', async () => api.post(PATH, given)],
      ['pause', async () => pause(schedule)],
    ];
    for (const [what, heal] of heals) {
      await scheduleOf(schedule).delete();
      const lost = await show(schedule);
      assert.deepEqual([lost.state, lost.nextTimes], ['missing', []], what);
      assert.match(lost.problem, /Temporal does not know this schedule any more/);
      const [listed] = (await api.get(`${PATH}?tenantId=${schedule.tenantId}`)).items;
      assert.equal(listed.state, 'missing');
      const healed = await heal();
      assert.deepEqual([healed.state, healed.problem], [what === 'create' ? 'active' : 'paused', null]);
      assert.equal((await scheduleOf(schedule).describe()).state.paused, what === 'pause');
    }
  });

  it('make whole what a crash left half made', async () => {
    const given = bodyOf();
    const schedule = await api.post(PATH, given);
    // As if the manager had died after Temporal took it. A time that came meanwhile would open it.
    await pause(schedule);
    await made(schedule);
    const forget = async () =>
      manager.database.query('UPDATE schedules SET opened_at = NULL WHERE id = $1', [schedule.scheduleId]);
    await forget();
    assert.equal((await api.request('GET', `${PATH}/${schedule.scheduleId}`)).status, 404);
    assert.equal((await api.post(PATH, given)).state, 'active');
    await forget();
    const shown = await eventually(
      async () => api.request('GET', `${PATH}/${schedule.scheduleId}`),
      ({ status }) => status === 200,
    );
    assert.ok(shown.body.data.counts.taken >= 1, 'its next time opened it');
    await pause(schedule);
  });

  it('are seen in Temporal: whose they are, and for which task, but not what that is to do', async () => {
    const schedule = await create({}, { prompt: 'read planted_words' });
    const { activeTaskIds } = await until(schedule, (shown) => shown.activeTaskIds.length === 1);
    const { action } = (await scheduleOf(schedule).describe()).info.recentActions[0]!;
    const attributes = await eventually(
      async () => (await temporal.workflow.getHandle(action.workflow.workflowId).describe()).typedSearchAttributes,
      (found) => found.get(keyOf('AgentRunTaskId')) !== undefined,
    );
    const seen = [attributes.get(keyOf('AgentRunTenant')), attributes.get(keyOf('AgentRunTaskId'))];
    assert.deepEqual(seen, [schedule.tenantId, activeTaskIds[0]]);
    for (const workflowId of [action.workflow.workflowId, taskWorkflowId(activeTaskIds[0])]) {
      const history = await temporal.workflow.getHandle(workflowId).fetchHistory();
      assert.doesNotMatch(decoded(historyToJSON(history)), /planted_words/);
    }
    assert.doesNotMatch(decoded(JSON.stringify((await scheduleOf(schedule).describe()).raw)), /planted_words/);
    await pause(schedule);
    await temporal.workflow.getHandle(action.workflow.workflowId).cancel();
    const task = await eventually(
      async () => api.get(`${TASKS}/${activeTaskIds[0]}`),
      ({ state }) => state === 'cancelled',
    );
    assert.ok(task.finishedAt);
    await quiet(schedule);
  });
});
