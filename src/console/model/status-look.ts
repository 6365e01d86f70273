import type { RunnerJobRecord, RunRecord, SessionRecord, TaskSummary } from '../../client/index.js';

/** How a state looks: icon, word and tone, so that it can be told without any one of them. Pure. */
export interface StatusLook {
  readonly icon: string;
  readonly word: string;
  readonly tone: Tone;
}

export type Tone = 'queued' | 'running' | 'needs-you' | 'done' | 'failed' | 'lost' | 'interrupted' | 'idle';

const LOOKS: Readonly<Record<Tone, StatusLook>> = {
  queued: { icon: '○', word: 'Queued', tone: 'queued' },
  running: { icon: '▶', word: 'Running', tone: 'running' },
  'needs-you': { icon: '◆', word: 'Needs you', tone: 'needs-you' },
  done: { icon: '✓', word: 'Done', tone: 'done' },
  failed: { icon: '✕', word: 'Failed', tone: 'failed' },
  lost: { icon: '≈', word: 'Lost', tone: 'lost' },
  interrupted: { icon: '⊘', word: 'Interrupted', tone: 'interrupted' },
  idle: { icon: '◌', word: 'Idle', tone: 'idle' },
};

export function look(tone: Tone): StatusLook {
  return LOOKS[tone];
}

interface Ended {
  readonly terminalStatus: 'completed' | 'failed' | 'blocked' | 'cancelled' | null;
  readonly failureKind: string | null;
}

/** Undefined for what has not ended. */
function endLook({ terminalStatus, failureKind }: Ended): StatusLook | undefined {
  switch (terminalStatus) {
    case null:
      return undefined;
    case 'completed':
      return LOOKS.done;
    case 'blocked':
      return LOOKS['needs-you'];
    case 'failed':
      return failureKind === 'runner-lost' ? LOOKS.lost : LOOKS.failed;
    case 'cancelled':
      return failureKind === null || failureKind === 'cancelled'
        ? { ...LOOKS.interrupted, word: 'Cancelled' }
        : LOOKS.interrupted;
  }
}

export function runLook(run: Pick<RunRecord, 'status' | 'terminalStatus' | 'failureKind' | 'attempt'>): StatusLook {
  const ended = endLook(run);
  if (ended !== undefined) return ended;
  if (run.status !== 'pending') return LOOKS.running;
  return run.attempt > 1 ? { ...LOOKS.queued, word: `Retrying, attempt ${run.attempt}` } : LOOKS.queued;
}

export function sessionLook(session: SessionRecord): StatusLook {
  switch (session.executionState) {
    case 'running':
      return session.attentionState === 'stalled' ? { ...LOOKS.lost, word: 'Stalled' } : LOOKS.running;
    case 'pending':
      return { ...LOOKS.queued, word: 'Starting' };
    case 'idle':
      return idleLook(session);
    case 'terminal':
      return endLook(session) ?? LOOKS.idle;
  }
}

/** Between turns: as its last turn ended, until somebody has seen that. */
function idleLook(session: SessionRecord): StatusLook {
  switch (session.attentionState) {
    case 'needs-input':
    case 'blocked':
      return LOOKS['needs-you'];
    case 'failed':
      return LOOKS.failed;
    case 'stalled':
      return { ...LOOKS.lost, word: 'Stalled' };
    case 'unread':
      return LOOKS.done;
    case 'active-session':
    case 'none':
      return LOOKS.idle;
  }
}

export function taskLook(task: Pick<TaskSummary, 'state' | 'phase' | 'failureKind' | 'attentionState'>): StatusLook {
  const { state, phase, failureKind, attentionState } = task;
  if (state === 'pending') return { ...LOOKS.queued, word: phase === 'waiting-to-retry' ? 'Retrying' : 'Queued' };
  if (state === 'running') return attentionState === 'stalled' ? { ...LOOKS.lost, word: 'Stalled' } : LOOKS.running;
  return endLook({ terminalStatus: state, failureKind }) ?? LOOKS.idle;
}

export function jobLook({ status, reason }: Pick<RunnerJobRecord, 'status' | 'reason'>): StatusLook {
  switch (status) {
    case 'pending':
    case 'starting':
      return { ...LOOKS.queued, word: 'Starting' };
    case 'running':
      return LOOKS.running;
    case 'succeeded':
      return LOOKS.done;
    case 'failed':
      return { ...LOOKS.failed, word: reason ?? 'Failed' };
    case 'stopped':
      return { ...LOOKS.interrupted, word: 'Stopped' };
    case 'lost':
      return LOOKS.lost;
  }
}
