import { text } from '../mock-provider/answers.js';
import type { Loose } from '../api.js';
import type { EndingStage } from './ending-stage.js';
import type { Ending } from './ending.js';

const SLEEP = 'echo begun; sleep 300';
const hasBegun = ({ type, payload }: Loose): boolean => type === 'command_output' && payload.text.includes('begun');

/** A run whose command has begun in the runner of its attempt. */
export async function begun(stage: EndingStage, maxAttempts: number, backoffMs = 100): Promise<Loose> {
  const { run } = await stage.execRun(SLEEP, { retryPolicy: { maxAttempts, backoffMs, maxBackoffMs: 60_000 } });
  await stage.event(run, hasBegun);
  return run;
}

/** Ends that come of runners. */
export const runnerEndings: Record<string, Ending> = {
  'runner-killed': {
    what: 'its runner is killed in every attempt',
    async play(stage) {
      const run = await begun(stage, 2);
      await stage.signalRunner(run, 'SIGKILL');
      const isSecond = (event: Loose) => event.payload.phase === 'turn/started' && event.payload.attempt === 2;
      await stage.event(run, isSecond);
      await stage.signalRunner(run, 'SIGKILL');
      return stage.ended(run);
    },
  },
  'start-failed-no-folder': {
    what: 'its workspace is not there',
    async play(stage) {
      const { run } = await stage.execRun('true', { workspaceRef: { kind: 'path', path: '/srv/recorded' } });
      return stage.ended(run);
    },
  },
  'start-failed-git': {
    what: 'its repository cannot be cloned',
    async play(stage) {
      const workspaceRef = { kind: 'git', repoUrl: 'file:///srv/recorded.git' };
      const { run } = await stage.execRun('true', { workspaceRef });
      return stage.ended(run);
    },
  },
  'resume-failed': {
    what: "the session's thread cannot be resumed",
    async play(stage) {
      const threadId = '01900000-0000-7000-8000-000000000000';
      const sessionRef = { sessionId: 'recorded-session', threadId };
      const { run } = await stage.codexRun([text('Never said.')], { sessionRef });
      return stage.ended(run);
    },
  },
};

/** On a manager whose runners have short leases. */
export const leaseEndings: Record<string, Ending> = {
  'lease-lost': {
    what: 'its runner is no longer heard of, in its last attempt',
    async play(stage) {
      const run = await begun(stage, 1);
      await stage.signalRunner(run, 'SIGSTOP');
      return stage.ended(run);
    },
  },
};

/** On a manager whose runners cannot reach it. */
export const unclaimedEndings: Record<string, Ending> = {
  'start-failed-nobody-claimed': {
    what: 'no runner claims it in time',
    async play(stage) {
      const { run } = await stage.execRun('true', { retryPolicy: { maxAttempts: 2, backoffMs: 100 } });
      return stage.ended(run);
    },
  },
  'never-asked': {
    what: 'nobody asks for a runner',
    async play(stage) {
      const run = await stage.api.createRun();
      await stage.api.addTurn(run.id, 'true');
      return stage.ended(run);
    },
  },
  'runner-starting': {
    what: 'its runner starts',
    async play(stage) {
      const { run } = await stage.execRun('true');
      const facts = await stage.facts(run);
      await stage.cancel(run);
      return facts;
    },
  },
};
