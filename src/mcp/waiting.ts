import { Type } from 'typebox';
import { deadlineSignal } from '../client/deadline-signal.js';
import type { ToolCall } from './tool.js';

/** Clients give a call a minute unless they were told otherwise: the default stays below that. */
export const WaitMs = Type.Integer({
  minimum: 0,
  maximum: 600_000,
  default: 45_000,
  description:
    'How long to wait, in milliseconds. When the time is over the answer says where it is and why; call again to wait on. Stay below the time limit of your own tool calls.',
});

/** How long a manager that restarts is waited for. */
export const OUTAGE_MS = 5_000;
const TELL_MS = 1_000;
const BEAT_MS = 10_000;

/**
 * What the work comes to, or undefined where the time is over first. `tell` says how it goes: once a second at most, and again while
 * nothing changes, so that callers who count the time since they last heard of us go on listening.
 */
export async function within<T>(
  { signal: outer, progress }: Pick<ToolCall, 'signal' | 'progress'>,
  timeoutMs: number,
  work: (signal: AbortSignal, tell: (message: string) => void) => Promise<T>,
): Promise<T | undefined> {
  const deadline = deadlineSignal(timeoutMs, outer);
  const { signal } = deadline;
  let last = 'waiting';
  let toldAtMs = -TELL_MS;
  const beat = setInterval(() => progress(last), BEAT_MS);
  const tell = (message: string) => {
    last = message;
    if (performance.now() - toldAtMs < TELL_MS) return;
    toldAtMs = performance.now();
    progress(message);
  };
  try {
    return await work(signal, tell);
  } catch (error) {
    if (signal.aborted && !outer.aborted) return undefined;
    throw error;
  } finally {
    clearInterval(beat);
    deadline.clear();
  }
}
