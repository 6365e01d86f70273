import { eventually } from '../api.js';
import { refusalOf } from '../run-scenes.js';
import { RETRY_SOON, SOON, type Life } from './life.js';

/** A runner that stands still ends nothing itself, so the workflow has to. */
const NO_GRACE = { ...SOON, AGENTRUN_LIMIT_GRACE_MS: '200', AGENTRUN_CANCEL_GRACE_MS: '200' };

/** The runner is killed in its turn; the next attempt finishes it. */
export const runnerLost: Life = {
  settings: SOON,
  async play(stage) {
    const run = await stage.api.createRun(RETRY_SOON);
    await stage.api.addTurn(run.id, 'test -e begun || { touch begun; echo begun; sleep 600; }');
    const job = await stage.launch(run);
    await stage.untilPrinted(run.id, 'begun');
    await stage.signalRunner(job, 'SIGKILL');
    return stage.lived(run.id);
  },
};

/** Lives of runs, each with the turn of events that its name tells; all of real runners where the name does not say otherwise. */
export const runLives: Record<string, Life> = {
  'one-turn-completed': {
    settings: SOON,
    async play(stage) {
      const run = await stage.api.createRun();
      await stage.api.addTurn(run.id, 'echo done');
      await stage.launch(run);
      return stage.lived(run.id);
    },
  },

  'runner-lost-then-second-attempt': runnerLost,

  'cancelled-while-running': {
    settings: SOON,
    async play(stage) {
      const run = await stage.api.createRun();
      const turn = await stage.api.addTurn(run.id, 'sleep 600');
      await stage.launch(run);
      await stage.untilCommand(turn, 'acknowledged');
      await stage.api.post(`/api/v1/runs/${run.id}/cancel`, { reason: 'no longer wanted' });
      return stage.lived(run.id);
    },
  },

  'cancelled-in-temporal-while-running': {
    settings: SOON,
    async play(stage) {
      const run = await stage.api.createRun();
      const turn = await stage.api.addTurn(run.id, 'sleep 600');
      await stage.launch(run);
      await stage.untilCommand(turn, 'acknowledged');
      await stage.temporal.workflow.getHandle(run.workflowId).cancel();
      return stage.lived(run.id);
    },
  },

  'command-that-nobody-wrote-down': {
    settings: SOON,
    async play(stage) {
      const run = await stage.api.createRun();
      const handle = stage.temporal.workflow.getHandle(run.workflowId);
      const ghost = { runId: run.id, commandId: 'cmd_ghost', type: 'turn' };
      await handle.executeUpdate('addCommand', { args: [ghost] }).catch(() => undefined);
      await stage.api.addTurn(run.id, 'echo done');
      await stage.launch(run);
      return stage.lived(run.id);
    },
  },

  'cancel-ignored-then-forced': {
    settings: NO_GRACE,
    async play(stage) {
      const run = await stage.api.createRun();
      const turn = await stage.api.addTurn(run.id, 'sleep 600');
      const job = await stage.launch(run);
      await stage.untilCommand(turn, 'acknowledged');
      await stage.signalRunner(job, 'SIGSTOP');
      await stage.api.post(`/api/v1/commands/${turn.id}/cancel`, { reason: 'no longer wanted' });
      return stage.lived(run.id);
    },
  },

  'turn-limit-forced': {
    settings: NO_GRACE,
    async play(stage) {
      const run = await stage.api.createRun({ executionPolicy: { timeoutMs: 1_000 }, ...RETRY_SOON });
      const turn = await stage.api.addTurn(run.id, 'sleep 600');
      const job = await stage.launch(run);
      await stage.untilCommand(turn, 'acknowledged');
      await stage.signalRunner(job, 'SIGSTOP');
      return stage.lived(run.id);
    },
  },

  'silence-limit-forced': {
    settings: NO_GRACE,
    async play(stage) {
      const run = await stage.api.createRun({ executionPolicy: { idleTimeoutMs: 1_000 }, endsWithTurn: true });
      const turn = await stage.api.addTurn(run.id, 'sleep 600');
      const job = await stage.launch(run);
      await stage.untilCommand(turn, 'acknowledged');
      await stage.signalRunner(job, 'SIGSTOP');
      return stage.lived(run.id);
    },
  },

  'lease-expired-then-taken-over': {
    settings: SOON,
    async play(stage) {
      const run = await stage.api.createRun(RETRY_SOON);
      const turn = await stage.api.addTurn(run.id, 'true');
      const first = await stage.claim(run.id, 'rnr_first', 1_000);
      await first.post(`/api/v1/commands/${turn.id}/ack`);
      const second = await stage.claim(run.id, 'rnr_second');
      await second.post(`/api/v1/commands/${turn.id}/ack`);
      await second.patch(`/api/v1/commands/${turn.id}/status`, { terminalStatus: 'completed' });
      await second.patch(`/api/v1/runs/${run.id}/status`, { terminalStatus: 'completed', lastCommandSeq: 1 });
      return stage.lived(run.id);
    },
  },

  /** Nobody but that runner notices that the lease is over. */
  'claimed-for-an-attempt-that-was-lost': {
    settings: SOON,
    async play(stage) {
      await stage.temporal.workflow.getHandle('watch:leases').terminate();
      const run = await stage.api.createRun(RETRY_SOON);
      await stage.claim(run.id, 'rnr_first', 1_000);
      await eventually(
        async () => stage.run(run.id),
        ({ leaseExpiresAt }) => Date.parse(leaseExpiresAt) < Date.now() - 500,
      );
      const { workflow } = stage.temporal;
      const claim = { runId: run.id, runnerId: 'rnr_of_its_job', leaseMs: 60_000, attempt: 1 };
      await eventually(
        async () => workflow.getHandle(run.workflowId).executeUpdate('claimRun', { args: [claim] }).catch(refusalOf),
        (refusal) => refusal === 'attempt-over',
      );
      await stage.api.post(`/api/v1/runs/${run.id}/cancel`);
      return stage.lived(run.id);
    },
  },

  'late-steer-becomes-turn': {
    settings: SOON,
    async play(stage) {
      const run = await stage.api.createRun();
      const runner = await stage.claim(run.id, 'rnr_by_hand');
      const finish = async (id: string, how = {}) =>
        runner.patch(`/api/v1/commands/${id}/status`, { terminalStatus: 'completed', ...how });
      const turn = await stage.api.addTurn(run.id, 'true');
      await runner.post(`/api/v1/commands/${turn.id}/ack`);
      const add = async (type: string) =>
        stage.api.post(`/api/v1/runs/${run.id}/commands`, { type, payload: { prompt: 'true' } });
      const [steer, interrupt] = [await add('steer'), await add('interrupt')];
      await finish(interrupt.id);
      await finish(turn.id, { terminalStatus: 'cancelled' });
      await finish(steer.id, { terminalStatus: 'cancelled', tooLate: true });
      await runner.post(`/api/v1/commands/${steer.id}t/ack`);
      const unwanted = await stage.api.addTurn(run.id, 'true');
      await stage.api.post(`/api/v1/commands/${unwanted.id}/cancel`);
      await finish(`${steer.id}t`);
      await runner.patch(`/api/v1/runs/${run.id}/status`, { terminalStatus: 'completed' });
      return stage.lived(run.id);
    },
  },

  'continued-as-new': {
    settings: { ...SOON, AGENTRUN_CONTINUE_AS_NEW_EVENTS: '60' },
    async play(stage) {
      const run = await stage.api.createRun();
      await stage.launch(run);
      for (let index = 1; index <= 4; index += 1) await stage.api.addTurn(run.id, `echo turn ${index}`);
      return stage.lived(run.id);
    },
  },

  'start-failed-nobody-claimed': {
    // Nothing listens there, so no runner ever claims.
    settings: { AGENTRUN_INTERNAL_MGR_URL: 'http://127.0.0.1:9', AGENTRUN_START_DEADLINE_MS: '1000' },
    async play(stage) {
      const run = await stage.api.createRun(RETRY_SOON);
      await stage.api.addTurn(run.id, 'true');
      await stage.launch(run);
      return stage.lived(run.id);
    },
  },

  'start-failed-platform-refused': {
    settings: SOON,
    async play(stage) {
      const run = await stage.api.createRun(RETRY_SOON);
      // More than a process may be started with.
      const env = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`LARGE_${index}`, 'x'.repeat(32_768)]));
      await stage.launch(run, { env });
      return stage.lived(run.id);
    },
  },

  'start-failed-no-workspace': {
    settings: SOON,
    async play(stage) {
      const run = await stage.api.createRun({ workspaceRef: { kind: 'path', path: '/nowhere' } });
      await stage.launch(run);
      await eventually(
        async () => stage.run(run.id),
        ({ terminalStatus }) => terminalStatus === 'failed',
      );
      return stage.lived(run.id);
    },
  },
};
