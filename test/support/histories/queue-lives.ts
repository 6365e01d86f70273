import { queueWorkflowId, TASK_QUEUE, taskWorkflowId } from '../../../src/domain/ids.js';
import type { QueueInput } from '../../../src/domain/task-messages.js';
import type { queueWorkflow } from '../../../workflows/queue/workflow.js';
import type { Loose } from '../api.js';
import { eventually } from '../api.js';
import type { Life } from './life.js';
import type { History, Stage } from './stage.js';

const EXEC = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };

const task = async (stage: Stage, prompt: string, more: Record<string, unknown> = {}): Promise<Loose> =>
  stage.api.post('/api/v1/queue/tasks', { ...EXEC, prompt, autoDispatch: true, ...more });

async function until(stage: Stage, id: string, satisfies: (task: Loose) => boolean): Promise<Loose> {
  return eventually(async () => stage.api.get(`/api/v1/queue/tasks/${id}`), satisfies, 60_000);
}

async function lived(stage: Stage, id: string): Promise<History[]> {
  await stage.temporal.workflow.getHandle(taskWorkflowId(id)).result();
  return stage.executions(taskWorkflowId(id));
}

const isTaken = ({ latestAttempt }: Loose) => latestAttempt?.state === 'acknowledged';

/** Lives of tasks, of the runs that have their commands, and of their queue. */
export const queueLives: Record<string, Life> = {
  'task-dispatched-and-completed': {
    settings: {},
    async play(stage) {
      const { id } = await task(stage, 'echo done', { autoDispatch: false });
      await stage.api.post(`/api/v1/queue/tasks/${id}/dispatch`);
      return lived(stage, id);
    },
  },

  'task-not-before-its-time': {
    settings: {},
    async play(stage) {
      const { id } = await task(stage, 'echo late', { notBefore: new Date(Date.now() + 1_500).toISOString() });
      return lived(stage, id);
    },
  },

  'task-lost-twice-then-blocked': {
    settings: {},
    async play(stage) {
      const { id } = await task(stage, 'kill -9 $PPID; sleep 60', {
        retryPolicy: { maxAttempts: 2, backoffMs: 200 },
        runRetryPolicy: { maxAttempts: 1 },
      });
      return lived(stage, id);
    },
  },

  'task-cancelled-while-running': {
    settings: {},
    async play(stage) {
      const { id } = await task(stage, 'sleep 600');
      await until(stage, id, isTaken);
      await stage.api.post(`/api/v1/queue/tasks/${id}/cancel`, { reason: 'enough' });
      return lived(stage, id);
    },
  },

  'task-over-its-wall-time': {
    settings: {},
    async play(stage) {
      const { id } = await task(stage, 'sleep 600', { budget: { maxWallTimeMs: 1_500 } });
      return lived(stage, id);
    },
  },

  /** The run that it started, which tells it of the end of its turn. */
  'task-run-with-its-turn': {
    settings: {},
    async play(stage) {
      const { id } = await task(stage, 'echo done');
      const { latestAttempt } = await until(stage, id, ({ phase }) => phase === 'ended');
      return stage.lived(latestAttempt.runId);
    },
  },

  /** The run of a session that a task joined. */
  'task-joined-a-session': {
    settings: { AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '500' },
    async play(stage) {
      const sent = await stage.api.post('/api/v1/sessions/shared/send', { prompt: 'sleep 2', run: EXEC });
      await stage.untilCommand(sent.command, 'acknowledged');
      const { id } = await task(stage, 'echo joined', { sessionRef: { sessionId: 'shared' } });
      await until(stage, id, ({ phase }) => phase === 'ended');
      return stage.lived(sent.run.id);
    },
  },

  /** Two slots for five tasks, a pause between, and the history cut on the way. */
  'queue-with-five-tasks': {
    settings: { AGENTRUN_CONTINUE_AS_NEW_EVENTS: '60' },
    async play(stage) {
      const queue = '/api/v1/queue/queues/default';
      await stage.api.ok('PUT', queue, { concurrency: 2 });
      const ids: string[] = [];
      for (let made = 0; made < 5; made += 1) ids.push((await task(stage, 'sleep 0.2')).id);
      await stage.api.ok('PUT', queue, { paused: true });
      await stage.api.ok('PUT', queue, { paused: false, concurrency: 3 });
      for (const id of ids) await until(stage, id, ({ phase }) => phase === 'ended');
      return stage.executions(queueWorkflowId('default'));
    },
  },

  'queue-that-carries-two-of-five': {
    settings: { AGENTRUN_CONTINUE_AS_NEW_EVENTS: '60' },
    async play(stage) {
      const queue = 'few';
      await stage.api.ok('PUT', `/api/v1/queue/queues/${queue}`, { concurrency: 0 });
      const input: QueueInput = { queue, idleMs: 60_000, reviewMs: 60_000, carried: 2, continueAsNewAtEvents: 60 };
      await stage.temporal.workflow.start<typeof queueWorkflow>('queueWorkflow', {
        workflowId: queueWorkflowId(queue),
        taskQueue: TASK_QUEUE,
        args: [input],
      });
      const ids: string[] = [];
      for (let made = 0; made < 5; made += 1) ids.push((await task(stage, 'sleep 0.2', { queue })).id);
      for (const id of ids) await until(stage, id, ({ phase }) => phase === 'waiting-for-slot');
      await stage.api.ok('PUT', `/api/v1/queue/queues/${queue}`, { concurrency: 1 });
      for (const id of ids) await until(stage, id, ({ phase }) => phase === 'ended');
      return stage.executions(queueWorkflowId(queue));
    },
  },
};
