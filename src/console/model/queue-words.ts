import type { QueueRecord, QueueStats } from '../../client/index.js';
import { plural, spell } from './times.js';

/** Why what waits in a queue waits, in one sentence. Pure. */
export function whyWaiting(queue: QueueRecord, { waiting, running, longestSlotWaitMs }: QueueStats): string {
  if (queue.paused) return 'Paused: it starts no task; those that run go on.';
  if (queue.concurrency === 0) return 'It has no slots: it starts no task.';
  if (waiting.forSlot > 0) {
    const since = longestSlotWaitMs === null ? '' : `, the first of them for ${spell(longestSlotWaitMs)}`;
    return `${plural(waiting.forSlot, 'task')} ${waiting.forSlot === 1 ? 'waits' : 'wait'} for a slot${since}; all ${queue.concurrency} are taken.`;
  }
  const others = [
    waiting.forDispatch > 0 ? `${waiting.forDispatch} not dispatched` : '',
    waiting.untilTime > 0 ? `${waiting.untilTime} for their time` : '',
    waiting.toRetry > 0 ? `${waiting.toRetry} to be tried again` : '',
  ].filter((words) => words !== '');
  if (others.length > 0) return `Nothing waits for a slot. Waiting: ${others.join(', ')}.`;
  return running > 0 ? 'Nothing waits.' : 'Idle.';
}
