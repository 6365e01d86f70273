import type { RunAddress, RunGateway } from '../../ports/run-gateway.js';
import type { OperationContext } from '../context.js';

/**
 * Says something to a run's workflow when it is this caller's turn; the next one's comes when it has decided, be that written yet or not.
 * `waited`: others had theirs before, and what was read may be old.
 */
export async function toRun<T>(
  context: OperationContext,
  { workflowId }: RunAddress,
  say: (gateway: RunGateway, address: RunAddress, waited: boolean) => Promise<T>,
): Promise<T> {
  return context.sequencer.run(workflowId, ({ waited, next }) =>
    say(context.gateway, { workflowId, onDecided: next }, waited),
  );
}
