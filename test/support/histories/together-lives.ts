import { runnerJobId, runWorkflowId, taskWorkflowId } from '../../../src/domain/ids.js';
import { RUNNER_EXIT_CODES } from '../../../src/domain/runner-program.js';
import { eventually } from '../api.js';
import type { Loose } from '../api.js';
import { SOON, type Life } from './life.js';
import { patchIdsIn } from './patch-ids.js';
import { runLives, runnerLost } from './run-lives.js';
import { senderLives } from './sender-lives.js';
import type { History, Stage } from './stage.js';

const EXEC = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };

/** A task of one attempt, until it has ended. */
async function task(stage: Stage, more: Record<string, unknown>): Promise<Loose> {
  const { id } = await stage.api.post('/api/v1/queue/tasks', { ...EXEC, prompt: 'echo done', ...more });
  if (more['autoDispatch'] === false) await stage.api.post(`/api/v1/queue/tasks/${id}/dispatch`);
  await stage.temporal.workflow.getHandle(taskWorkflowId(id)).result();
  return stage.api.get(`/api/v1/queue/tasks/${id}`);
}

async function lived(stage: Stage, workflowId: string): Promise<History[]> {
  await stage.temporal.workflow.getHandle(workflowId).result();
  return stage.executions(workflowId);
}

/** Lives of runs that are written along with work on their Jobs, and of tasks that are with their attempts. */
export const togetherLives: Record<string, Life> = {
  'written-with-its-job': senderLives['senders-wrote-it-all']!,
  'written-with-its-job-and-lost': runnerLost,
  'written-with-the-stop-of-a-lost-job': runnerLost,
  'written-with-its-job-in-a-session': senderLives['senders-wrote-to-a-session']!,

  'written-with-its-job-of-a-task': {
    settings: SOON,
    async play(stage) {
      const { latestAttempt } = await task(stage, { autoDispatch: true });
      return lived(stage, runWorkflowId({ runId: latestAttempt.runId, sessionId: null }));
    },
  },

  'task-written-with-its-attempt': {
    settings: SOON,
    async play(stage) {
      const { id } = await task(stage, { autoDispatch: false });
      return lived(stage, taskWorkflowId(id));
    },
  },

  'written-with-its-job-once-the-records-could-be': {
    settings: { AGENTRUN_JOB_STOP_GRACE_MS: '2000' },
    async play(stage) {
      const run = await stage.api.createRun();
      const turn = await stage.api.addTurn(run.id, 'true');
      await stage.manager.database.query(
        `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE lock_not_available; END $$;
         CREATE TRIGGER refuse BEFORE UPDATE ON runs EXECUTE FUNCTION refuse()`,
      );
      const handle = stage.temporal.workflow.getHandle(run.workflowId);
      const say = async (update: string, message: object) =>
        handle.executeUpdate(update, { args: [{ runId: run.id, ...message, senderWrites: true }] });
      await say('cancelCommand', { commandId: turn.id, reason: null });
      await say('requestRunnerJob', { attempt: 1, jobId: runnerJobId(run.id, 1) });
      await eventually(
        async () => patchIdsIn(await handle.fetchHistory()),
        (ids) => ids.includes('waits-for-what-carries-it'),
      );
      await stage.manager.database.query('DROP TRIGGER refuse ON runs');
      await stage.api.post(`/api/v1/runs/${run.id}/cancel`);
      return stage.lived(run.id);
    },
  },

  // Asked before: could their runners have said something?
  'never-claimed-while-the-api-was-there': runLives['start-failed-nobody-claimed']!,
  'turn-limit-forced-while-the-api-was-there': runLives['turn-limit-forced']!,
  'abandoned-while-the-api-was-there': {
    settings: SOON,
    async play(stage) {
      const run = await stage.api.createRun({ retryPolicy: { maxAttempts: 2, backoffMs: 100 } });
      const turn = await stage.api.addTurn(run.id, 'sleep 600');
      await stage.launch(run);
      await stage.untilCommand(turn, 'acknowledged');
      const abandoned = { runId: run.id, attempt: 1, reason: 'exited', exitCode: RUNNER_EXIT_CODES.abandoned };
      await stage.temporal.workflow.getHandle(run.workflowId).signal('runnerExited', abandoned);
      await eventually(
        async () => stage.run(run.id),
        ({ attempt, status }) => attempt === 2 && status === 'running',
      );
      await stage.api.post(`/api/v1/runs/${run.id}/cancel`, { reason: 'no longer wanted' });
      return stage.lived(run.id);
    },
  },

  'asked-for-in-the-backoff-and-cancelled': {
    settings: SOON,
    async play(stage) {
      const run = await stage.api.createRun({ retryPolicy: { maxAttempts: 2, backoffMs: 60_000 } });
      await stage.api.addTurn(run.id, 'kill -9 $PPID; sleep 600');
      await stage.launch(run);
      await eventually(
        async () => stage.run(run.id),
        ({ attempt }) => attempt === 2,
      );
      await stage.launch(run);
      await stage.api.post(`/api/v1/runs/${run.id}/cancel`, { reason: 'no longer wanted' });
      return stage.lived(run.id);
    },
  },

  'forgotten-and-continued-as-new': {
    settings: { AGENTRUN_CONTINUE_AS_NEW_EVENTS: '60' },
    async play(stage) {
      const run = await stage.api.createRun();
      const handle = stage.temporal.workflow.getHandle(run.workflowId);
      const ghost = { runId: run.id, commandId: 'cmd_ghost', type: 'turn' };
      await handle.executeUpdate('addCommand', { args: [ghost] }).catch(() => undefined);
      for (let index = 1; index <= 8; index += 1) {
        const turn = await stage.api.addTurn(run.id, 'true');
        await stage.api.post(`/api/v1/commands/${turn.id}/cancel`);
      }
      await stage.api.post(`/api/v1/runs/${run.id}/cancel`);
      return stage.lived(run.id);
    },
  },
};
