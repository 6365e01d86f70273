import { CancellationScope, patched } from '@temporalio/workflow';

/**
 * A cancel in Temporal asks for the end of the run, which its runner may take a while for: what is said to the run meanwhile is done
 * all the same. Handlers live in the scope that was cancelled, where nothing could be begun any more.
 */
export function uncancelled<T>(work: () => Promise<T>): Promise<T> {
  const outlives = CancellationScope.current().consideredCancelled && patched('handlers-outlive-a-cancel');
  return outlives ? CancellationScope.nonCancellable(work) : work();
}
