import {
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { taskWorkflowId } from '../../src/domain/ids.js';
import type { QueueInput, SlotReleased } from '../../src/domain/task-messages.js';
import { slotGrantedSignal } from '../queue-task/messages.js';
import { queueRecords, queueReview } from './activities.js';
import * as messages from './messages.js';
import { QueueState, type QueueData } from './queue-state.js';

/**
 * Gives a queue's slots to its tasks, as many at once as its settings allow. What it knows it has from signals; the records tell it the
 * rest when it begins, when its settings change, and now and then. Ends when it has nothing to do; the next task starts it again.
 */
export async function queueWorkflow(input: QueueInput, data?: QueueData): Promise<void> {
  const state = new QueueState(data);
  state.data.reviewAtMs ??= Date.now() + input.reviewMs;
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
    if (!live.unread && !live.reviewing && shouldContinueAsNew(input))
      await continueAsNew<typeof queueWorkflow>(input, live.state.data);
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
  if (live.unread) await readRecords(live);
  live.changed = false;
  await Promise.all(state.grant(Date.now()).map(async (grant) => tell(live, grant)));
  present(live);
  const { idle } = state;
  const woken = () => live.changed || live.unread;
  const isWoken = await condition(woken, idle ? input.idleMs : Math.max(1, untilReview(live)), {
    summary: idle ? 'ends when nothing comes' : 'compares slots with the records',
  });
  if (idle) return isWoken || live.reviewing;
  if (untilReview(live) <= 0) beginReview(live);
  return true;
}

function untilReview({ state, input }: LiveQueue): number {
  return (state.data.reviewAtMs ?? Date.now() + input.reviewMs) - Date.now();
}

/**
 * However much comes in meanwhile: a slot that nobody gives back is missed most where many wait. Beside everything else, for slots are
 * given on.
 */
function beginReview(live: LiveQueue): void {
  const { input, state } = live;
  state.data.reviewAtMs = Date.now() + input.reviewMs;
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
  const records = await queueRecords.readSlots({ queue: live.input.queue });
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
  const { settings, holding, waiting } = state.data;
  const limit = settings.paused ? 'paused' : `${settings.concurrency} slots`;
  setCurrentDetails(
    [`**${input.queue}**: ${limit}`, `- running: ${holding.length}`, `- waiting for a slot: ${waiting.length}`].join(
      '\n',
    ),
  );
}

function shouldContinueAsNew(input: QueueInput): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength >= (input.continueAsNewAtEvents ?? Infinity);
}
