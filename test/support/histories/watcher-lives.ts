import { RUNNER_RETENTION_WORKFLOW_ID, TASK_QUEUE } from '../../../src/domain/ids.js';
import { eventually } from '../api.js';
import type { Life } from './life.js';
import { Stage } from './stage.js';

/** Lives of what runs beside the runs. */
export const watcherLives: Record<string, Life> = {
  'lease-monitor-changed-shift': { settings: {}, play: async (stage) => shiftOf(stage, 'watch:leases') },
  'runner-watch-changed-shift': { settings: {}, play: async (stage) => shiftOf(stage, 'watch:runners') },
  'budget-monitor-changed-shift': { settings: {}, play: async (stage) => shiftOf(stage, 'watch:budgets') },
  'warm-runners-changed-shift': {
    settings: {},
    async play(stage) {
      const workflowId = 'watch:warm-runners';
      // As managers that keep runners warm start it; where none does, as here, it looks on for ten minutes.
      await stage.temporal.workflow.start('warmRunnersWorkflow', { workflowId, taskQueue: TASK_QUEUE });
      return shiftOf(stage, workflowId);
    },
  },

  'runner-retention-without-a-cap': {
    settings: {},
    async play({ temporal }) {
      const started = { workflowId: RUNNER_RETENTION_WORKFLOW_ID, taskQueue: TASK_QUEUE, args: [{ dryRun: false }] };
      const handle = await temporal.workflow.start('runnerRetentionWorkflow', started);
      await handle.result();
      return [await handle.fetchHistory()];
    },
  },

  /** From before it looked for what hangs. */
  maintenance: { settings: {}, play: maintenance },
  'maintenance-that-looks-for-what-hangs': { settings: {}, play: maintenance },
  'maintenance-that-could-not-keep-the-records': {
    settings: {},
    play: async (stage) => {
      await stage.manager.database.query(
        `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not these'; END $$;
         CREATE TRIGGER refuse BEFORE DELETE ON notes EXECUTE FUNCTION refuse()`,
      );
      return maintenance(stage);
    },
  },
};

async function maintenance({ temporal }: Stage) {
  await temporal.schedule.getHandle('maintenance').trigger();
  const { recentActions } = (
    await eventually(
      async () => temporal.schedule.getHandle('maintenance').describe(),
      ({ info }) => info.recentActions.length > 0,
    )
  ).info;
  const { workflowId } = recentActions[0]!.action.workflow;
  const handle = temporal.workflow.getHandle(workflowId);
  await handle.result().catch(() => undefined);
  return [await handle.fetchHistory()];
}

/** A watcher's first execution: from its start until its manager stopped and another one took over. */
async function shiftOf(stage: Stage, workflowId: string) {
  const { manager, temporal } = stage;
  const watcher = temporal.workflow.getHandle(workflowId);
  const { runId } = await eventually(
    async () => watcher.describe(),
    ({ raw }) => raw.pendingActivities?.some((activity) => activity.lastStartedTime) ?? false,
  );
  await stage.clear();
  const next = await Stage.set({}, manager.temporal);
  try {
    await eventually(
      async () => next.temporal.workflow.getHandle(workflowId).describe(),
      (watching) => watching.runId !== runId,
    );
    return [await next.temporal.workflow.getHandle(workflowId, runId).fetchHistory()];
  } finally {
    await next.clear();
  }
}
