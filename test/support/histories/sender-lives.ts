import { eventually } from '../api.js';
import { SOON, type Life } from './life.js';
import { runnerLost } from './run-lives.js';

/** A turn that outlives the look at what was written when it was taken. */
const LONG = 'sleep 4';

/** Lives of runs whose senders write what they are answered; the workflow looks after them, and sets few timers. */
export const senderLives: Record<string, Life> = {
  'senders-wrote-it-all': {
    settings: SOON,
    async play(stage) {
      const run = await stage.api.createRun();
      await stage.api.addTurn(run.id, LONG);
      await stage.launch(run);
      return stage.lived(run.id);
    },
  },

  'senders-died-before-they-wrote': {
    settings: {},
    async play(stage) {
      const run = await stage.api.createRun();
      const handle = stage.temporal.workflow.getHandle(run.workflowId);
      const say = async (update: string, message: object) =>
        handle.executeUpdate(update, { args: [{ runId: run.id, ...message, senderWrites: true }] });
      const turn = await stage.api.addTurn(run.id, 'true');
      await say('cancelCommand', { commandId: turn.id, reason: null });
      await stage.untilCommand(turn, 'cancelled');
      await say('addCommand', { commandId: 'cmd_ghost', type: 'turn' });
      // What it is given to write has the ghost in it, so that the workflow has to.
      await stage.api.addTurn(run.id, 'true');
      await say('finishRun', { outcome: { status: 'completed', failureKind: null, message: null } });
      return stage.lived(run.id);
    },
  },

  'senders-wrote-and-a-runner-was-lost': runnerLost,

  'senders-wrote-and-a-silent-turn-was-ended': {
    settings: { ...SOON, AGENTRUN_LIMIT_GRACE_MS: '200' },
    async play(stage) {
      const run = await stage.api.createRun({ executionPolicy: { idleTimeoutMs: 3_000 }, endsWithTurn: true });
      const turn = await stage.api.addTurn(run.id, 'sleep 2; echo still here; sleep 600');
      const job = await stage.launch(run);
      await stage.untilCommand(turn, 'acknowledged');
      await stage.untilPrinted(run.id, 'still here');
      await stage.signalRunner(job, 'SIGSTOP');
      return stage.lived(run.id);
    },
  },

  'senders-wrote-while-it-continued-as-new': {
    settings: { ...SOON, AGENTRUN_CONTINUE_AS_NEW_EVENTS: '60' },
    async play(stage) {
      const run = await stage.api.createRun();
      await stage.launch(run);
      for (let index = 1; index <= 6; index += 1) await stage.api.addTurn(run.id, `echo turn ${index}; sleep 1`);
      return stage.lived(run.id);
    },
  },

  'senders-wrote-to-a-session': {
    settings: SOON,
    async play(stage) {
      const send = async (prompt: string) =>
        stage.api.post('/api/v1/sessions/talk/send', { prompt, run: { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' } });
      const { run } = await send('read x; sleep 1; echo got $x');
      await eventually(
        async () => stage.run(run.id),
        ({ status }) => status === 'running',
      );
      await send('hello');
      return stage.lived(run.id);
    },
  },
};
