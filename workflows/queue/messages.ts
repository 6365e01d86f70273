import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { QueueStateView, SlotReleased, SlotWanted } from '../../src/domain/task-messages.js';

/** The messages of `queueWorkflow`. Signals only: whoever wants a slot waits for the queue's own signal. */

export const slotWantedSignal = defineSignal<[SlotWanted]>('slotWanted');
export const slotReleasedSignal = defineSignal<[SlotReleased]>('slotReleased');
/** The queue's settings were changed: it reads them again. */
export const queueChangedSignal = defineSignal('queueChanged');

export const queueStateQuery = defineQuery<QueueStateView>('queueState');
