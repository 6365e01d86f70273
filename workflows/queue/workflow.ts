import {
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  patched,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import { taskWorkflowId } from '../../src/domain/ids.js';
import type { QueueInput, SlotReleased } from '../../src/domain/task-messages.js';
import { historyIsLong } from '../history-is-long.js';
import { slotGrantedSignal } from '../queue-task/messages.js';
import { queueRecords, queueReview } from './activities.js';
import * as messages from './messages.js';
import { QueueState, type QueueData } from './queue-state.js';

/**
 * Gives a queue's slots to its tasks, as many at once as its settings allow. What it knows it has from signals; the records tell it the
 * rest when it begins, when its settings change, and now and then. Ends when it has nothing to do; the next task starts it again.
 */
export async function queueWorkflow(input: QueueInput, data?: QueueData): Promise<void> {
  const state = new QueueState(data, input.carried);
  state.reviewAtMs ??= Date.now() + input.reviewMs;
  const live: LiveQueue = { input, state, changed: false, unread: data === undefined, reviewing: false };
  setHandler(messages.slotWantedSignal, (wanted) => {
    live.state.want(wanted);
    live.changed = true;
  });
  setHandler(messages.slotReleasedSignal, (released) => {
    live.state.release(released);
    live.changed = true;
  });
  setHandler(messages.queueChangedSignal, () => {
    live.unread = true;
  });
  setHandler(messages.queueStateQuery, () => live.state.view(input.queue), {
    description: 'Who waits for a slot and who has one, for operators',
  });
  while (await work(live)) {
    if (live.unread || live.reviewing || !historyIsLong(input)) continue;
    keepWithinPayload(state);
    await continueAsNew<typeof queueWorkflow>(input, state.data);
  }
}

interface LiveQueue {
  readonly input: QueueInput;
  readonly state: QueueState;
  changed: boolean;
  /** The records have something to tell. */
  unread: boolean;
  /** Slots are being compared with the records. */
  reviewing: boolean;
}

/** One round; false when there is nothing left to do. No await follows the last look at what came in. */
async function work(live: LiveQueue): Promise<boolean> {
  const { input, state } = live;
  keepWithinPayload(state);
  if (live.unread || state.runsLow) await readRecords(live);
  live.changed = false;
  await Promise.all(state.grant(Date.now()).map(async (grant) => tell(live, grant)));
  present(live);
  const { idle } = state;
  const woken = () => live.changed || live.unread || state.runsLow;
  const isWoken = await condition(woken, idle ? input.idleMs : Math.max(1, untilReview(live)), {
    summary: idle ? 'ends when nothing comes' : 'compares slots with the records',
  });
  if (idle) return isWoken || live.reviewing;
  if (untilReview(live) <= 0) beginReview(live);
  return true;
}

/** Executions that began before this was known carry all until they continue as new. */
function keepWithinPayload(state: QueueState): void {
  if (state.overfull && patched('carries-the-first-in-order')) state.keepFirst();
}

function untilReview({ state, input }: LiveQueue): number {
  return (state.reviewAtMs ?? Date.now() + input.reviewMs) - Date.now();
}

/**
 * However much comes in meanwhile: a slot that nobody gives back is missed most where many wait. Beside everything else, for slots are
 * given on.
 */
function beginReview(live: LiveQueue): void {
  const { input, state } = live;
  state.reviewAtMs = Date.now() + input.reviewMs;
  live.reviewing = true;
  void queueReview
    .closeGoneTasks({ queue: input.queue })
    .catch(() => undefined)
    .then(() => {
      live.reviewing = false;
      live.unread = true;
    });
}

async function readRecords(live: LiveQueue): Promise<void> {
  live.unread = false;
  live.state.beginLearning();
  const records = await queueRecords.readSlots({ queue: live.input.queue, limit: live.input.carried });
  live.state.learn(records, Date.now());
}

/** A task that is gone needs no slot. */
async function tell(live: LiveQueue, grant: SlotReleased): Promise<void> {
  try {
    await getExternalWorkflowHandle(taskWorkflowId(grant.taskId)).signal(slotGrantedSignal, grant);
  } catch {
    live.state.release(grant);
    live.changed = true;
  }
}

function present({ input, state }: LiveQueue): void {
  const { settings, holding, waiting, more } = state.view(input.queue);
  const limit = settings.paused ? 'paused' : `${settings.concurrency} slots`;
  const waits = `- waiting for a slot: ${waiting}${more ? ', and more' : ''}`;
  setCurrentDetails([`**${input.queue}**: ${limit}`, `- running: ${holding.length}`, waits].join('\n'));
}
