import { answer, shellCall, text } from '../mock-provider/answers.js';
import type { Reply } from '../mock-provider/reply.js';
import type { ResponseStream } from '../mock-provider/response-stream.js';
import { heldText } from '../mock-provider/held-text.js';
import { eventually, type Loose } from '../api.js';
import type { EndingStage } from './ending-stage.js';
import type { Ending } from './ending.js';

const SLEEP = 'sleep 300';

/** The model asks to leave the sandbox. */
function escalation(stream: ResponseStream): void {
  const cmd = 'touch /usr/local/recorded';
  const parameters = { cmd, sandbox_permissions: 'require_escalated', justification: 'it is needed there' };
  const call = { type: 'function_call', id: 'fc_1', call_id: 'call_1', status: 'completed', name: 'exec_command' };
  stream.item({ ...call, arguments: JSON.stringify(parameters) });
}

export const isRunningTool = ({ type, payload }: Loose): boolean =>
  type === 'tool_call' && payload.status === 'running';

/** A run that stays open after its turn, whose agent has just begun a long command. */
async function inTool(stage: EndingStage, ...then: Reply[]): Promise<{ run: Loose; turn: Loose }> {
  const script = [answer([shellCall(SLEEP)]), ...then];
  const started = await stage.codexRun(script, { endsWithTurn: false, prompt: 'Wait.' });
  await stage.event(started.run, isRunningTool);
  return started;
}

/** Ends of turns by a limit, by somebody's word, or for want of it. */
export const turnEndings: Record<string, Ending> = {
  'command-completed': {
    what: 'a command line (backend `exec`) succeeds',
    async play(stage) {
      const { run } = await stage.execRun('echo hello');
      return stage.ended(run);
    },
  },
  'command-failed': {
    what: 'a command line (backend `exec`) fails',
    async play(stage) {
      const { run } = await stage.execRun('echo no such target >&2; exit 3');
      return stage.ended(run);
    },
  },
  'hard-timeout': {
    what: 'the turn passes its time limit',
    async play(stage) {
      const script = [answer([shellCall(SLEEP)])];
      const { run } = await stage.codexRun(script, { executionPolicy: { timeoutMs: 4_000 }, prompt: 'Wait.' });
      return stage.ended(run);
    },
  },
  'idle-timeout': {
    what: 'the turn is silent for longer than its idle limit',
    async play(stage) {
      const held = heldText('Let me ');
      const { run } = await stage.codexRun([held.reply], { executionPolicy: { idleTimeoutMs: 3_000 } });
      return stage.ended(run);
    },
  },
  cancelled: {
    what: 'its caller cancels the run',
    async play(stage) {
      const { run } = await inTool(stage);
      await stage.api.post(`/api/v1/runs/${run.id}/cancel`, { reason: 'no longer wanted' });
      return stage.ended(run);
    },
  },
  interrupted: {
    what: 'its caller interrupts the turn; the run stays open',
    async play(stage) {
      const { run, turn } = await inTool(stage);
      await stage.command(run, 'interrupt');
      await stage.commandEnded(turn);
      const facts = await stage.facts(run, turn);
      await stage.cancel(run);
      return facts;
    },
  },
  blocked: {
    what: 'the agent asks for an approval',
    async play(stage) {
      const { run } = await stage.codexRun([answer([escalation])], {
        executionPolicy: { sandbox: 'workspace-write', approval: 'on-request' },
        prompt: 'Install it.',
      });
      return stage.ended(run);
    },
  },
  'blocked-open': {
    what: 'the agent asks for an approval, in a run that stays open',
    async play(stage) {
      const { run, turn } = await stage.codexRun([answer([escalation])], {
        executionPolicy: { sandbox: 'workspace-write', approval: 'on-request' },
        endsWithTurn: false,
        prompt: 'Install it.',
      });
      await stage.commandEnded(turn);
      const facts = await stage.facts(run);
      await stage.cancel(run);
      return facts;
    },
  },
  'agent-died': {
    what: "the agent's program dies in the turn",
    async play(stage) {
      const { run } = await stage.codexRun([answer([shellCall('kill -9 $PPID; sleep 300')])], { prompt: 'Wait.' });
      return stage.ended(run);
    },
  },
  'steer-delivered': {
    what: 'a steer reaches the live turn',
    async play(stage) {
      const held = heldText('I will go ');
      const { run } = await stage.codexRun([held.reply, text('Left it is.')], { prompt: 'Which way?' });
      await held.started;
      await stage.event(run, ({ type }) => type === 'assistant_message');
      await stage.command(run, 'steer', 'Go left.');
      return stage.ended(run);
    },
  },
  'steer-too-late': {
    what: 'a steer comes too late and becomes the next turn',
    async play(stage) {
      const { run, turn } = await inTool(stage, text('Heard as a turn.'));
      const steer = await stage.command(run, 'steer', 'Are you there?');
      await stage.command(run, 'interrupt');
      await stage.commandEnded(turn);
      const { supersededBy } = await eventually(
        async () => stage.api.get(`/api/v1/runs/${run.id}/commands/${steer.id}`),
        (record) => record.supersededBy !== null,
      );
      await stage.commandEnded({ id: supersededBy, runId: run.id });
      const facts = await stage.facts(run);
      await stage.cancel(run);
      return facts;
    },
  },
};
