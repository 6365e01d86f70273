import assert from 'node:assert/strict';
import { taskWorkflowId, temporalScheduleId } from '../../../src/domain/ids.js';
import { eventually, type Loose } from '../api.js';
import type { Life } from './life.js';
import type { History, Stage } from './stage.js';

const PATH = '/api/v1/queue/schedules';
const TASK = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
const SOON = { AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '500', AGENTRUN_CANCEL_GRACE_MS: '500' };

/** Lives of single times of schedules, and of the tasks that were made for them. */
export const scheduleLives: Record<string, Life> = {
  'schedule-time-until-its-task-ended': {
    settings: SOON,
    async play(stage) {
      // Long enough for the workflow to look by itself once.
      const { workflowId, taskId } = await firstTime(stage, { prompt: 'sleep 6' });
      await stage.temporal.workflow.getHandle(workflowId).result();
      return [...(await stage.executions(workflowId)), ...(await taskLife(stage, taskId))];
    },
  },

  'schedule-time-cancelled': {
    settings: SOON,
    async play(stage) {
      const { workflowId } = await firstTime(stage, { prompt: 'read x' });
      const handle = stage.temporal.workflow.getHandle(workflowId);
      await handle.cancel();
      await assert.rejects(handle.result());
      return stage.executions(workflowId);
    },
  },

  'schedule-time-refused': {
    settings: {},
    async play(stage) {
      await stage.api.ok('PUT', '/api/v1/queue/queues/full', { maxPending: 1, paused: true });
      await stage.api.post('/api/v1/queue/tasks', { ...TASK, queue: 'full', prompt: 'true' });
      const { workflowId } = await firstTime(stage, { prompt: 'true', queue: 'full' });
      await assert.rejects(stage.temporal.workflow.getHandle(workflowId).result());
      return stage.executions(workflowId);
    },
  },
};

/** A new schedule until its first time has come to something; no other time comes. */
async function firstTime({ api, temporal }: Stage, task: Loose): Promise<{ workflowId: string; taskId: string }> {
  const scheduleId = 'each-second';
  await api.post(PATH, { scheduleId, intervalMs: 1_000, task: { ...TASK, ...task } });
  const { lastActions } = await eventually(
    async () => api.get(`${PATH}/${scheduleId}`),
    ({ lastActions: [last] }) => last !== undefined && (last.taskId ?? last.failureKind) !== null,
  );
  await api.patch(`${PATH}/${scheduleId}`, { paused: true });
  const { info } = await temporal.schedule.getHandle(temporalScheduleId(scheduleId)).describe();
  return { workflowId: info.recentActions[0]!.action.workflow.workflowId, taskId: lastActions.at(-1).taskId };
}

async function taskLife(stage: Stage, taskId: string): Promise<History[]> {
  await stage.temporal.workflow.getHandle(taskWorkflowId(taskId)).result();
  return stage.executions(taskWorkflowId(taskId));
}
