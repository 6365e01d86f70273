import { eventually } from '../api.js';
import { ForeignRunner } from '../foreign-runner.js';
import { answer, shellCall, text } from '../mock-provider/answers.js';
import { cutStream } from '../mock-provider/failures.js';
import { heldText } from '../mock-provider/held-text.js';
import type { Ending } from './ending.js';
import { begun } from './runner-endings.js';
import { isRunningTool } from './turn-endings.js';

/** What a run is in the middle of: not an end, and what is said of it must be as true. */
export const liveStates: Record<string, Ending> = {
  'turn-running': {
    what: 'the agent works on a turn',
    async play(stage) {
      const held = heldText('Let me ');
      const { run } = await stage.codexRun([held.reply]);
      await stage.event(run, ({ type }) => type === 'assistant_message');
      const facts = await stage.facts(run);
      await stage.cancel(run);
      return facts;
    },
  },
  'tool-running': {
    what: 'the agent runs a command',
    async play(stage) {
      const { run } = await stage.codexRun([answer([shellCall('sleep 300')])], { prompt: 'Wait.' });
      await stage.event(run, isRunningTool);
      const facts = await stage.facts(run);
      await stage.cancel(run);
      return facts;
    },
  },
  'waiting-for-runner': {
    what: 'no runner was asked for yet',
    async play(stage) {
      const run = await stage.api.createRun();
      await stage.api.addTurn(run.id, 'true');
      const facts = await stage.facts(run);
      await stage.cancel(run);
      return facts;
    },
  },
  idle: {
    what: 'the run stays open between turns',
    async play(stage) {
      const { run, turn } = await stage.codexRun([text('Hello.')], { endsWithTurn: false });
      await stage.commandEnded(turn);
      const facts = await stage.facts(run);
      await stage.cancel(run);
      return facts;
    },
  },
  retrying: {
    what: 'the next attempt waits',
    async play(stage) {
      const run = await begun(stage, 3, 60_000);
      await stage.signalRunner(run, 'SIGKILL');
      const facts = await eventually(
        async () => stage.facts(run),
        ({ run: { attempt } }) => attempt === 2,
      );
      await stage.cancel(run);
      return facts;
    },
  },
  'provider-retrying': {
    what: 'the agent tries again after a stream that broke off',
    async play(stage) {
      const held = heldText('Once more ');
      const { run } = await stage.codexRun([cutStream(), held.reply]);
      await stage.event(run, ({ type, payload }) => type === 'error' && payload.willRetry === true);
      const facts = await stage.facts(run);
      await held.started;
      await stage.cancel(run);
      return facts;
    },
  },
  cancelling: {
    what: 'a cancel waits for its runner to stop',
    async play(stage) {
      const run = await stage.api.createRun();
      const turn = await stage.api.addTurn(run.id, 'true');
      const runner = await ForeignRunner.claim(stage.api, run.id);
      await runner.ack(turn.id);
      await stage.api.post(`/api/v1/runs/${run.id}/cancel`, { reason: 'no longer wanted' });
      const facts = await stage.facts(run);
      await runner.finishRun({ terminalStatus: 'cancelled', failureKind: 'cancelled' });
      return facts;
    },
  },
};
