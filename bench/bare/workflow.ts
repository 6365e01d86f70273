import { condition, defineUpdate, proxyActivities, setHandler } from '@temporalio/workflow';
import type { BareActivities } from './activities.js';

/** The floor of a decision: an update that changes one number. */
export const touchUpdate = defineUpdate<number>('touch');
/** The same, and one activity that does nothing: what it costs to write anything before the answer. */
export const recordUpdate = defineUpdate<number>('record');
export const endUpdate = defineUpdate<number>('end');

const { nothing } = proxyActivities<BareActivities>({ startToCloseTimeout: '5s' });

/** Hello, world, that can be spoken to. */
export async function bareWorkflow(): Promise<number> {
  let touched = 0;
  let ended = false;
  setHandler(touchUpdate, () => (touched += 1));
  setHandler(recordUpdate, async () => {
    await nothing();
    return (touched += 1);
  });
  setHandler(endUpdate, () => {
    ended = true;
    return touched;
  });
  await condition(() => ended);
  return touched;
}

/** Hello, world, and no more. */
export async function helloWorkflow(): Promise<void> {
  await nothing();
}
