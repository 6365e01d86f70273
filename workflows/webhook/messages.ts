import { defineSignal } from '@temporalio/workflow';

/** Somebody wants the delivery made now. */
export const deliverNowSignal = defineSignal('deliverNow');
