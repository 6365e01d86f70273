import assert from 'node:assert/strict';
import { DeliveryProofs, type Outgoing } from '../../../src/console/model/delivery.js';
import { eventsOf } from './events.js';

const accepted = (decision: 'steer' | 'turn', commandId = 'cmd_1'): Outgoing => ({
  key: 'k',
  text: 'hello',
  sent: { state: 'accepted', decision, commandId, runId: 'run_1' },
});

function proofsOf(...told: Parameters<typeof eventsOf>[0]): DeliveryProofs {
  const proofs = new DeliveryProofs();
  proofs.append(eventsOf(told));
  return proofs;
}

describe('what was said', () => {
  it('is queued until an event proves more: the manager taking it is no delivery', () => {
    assert.deepEqual(proofsOf().of(accepted('steer')), { state: 'queued', decision: 'steer', commandId: 'cmd_1' });
    assert.deepEqual(proofsOf().of({ key: 'k', text: 't', sent: { state: 'sending' } }), { state: 'sending' });
  });

  it('is delivered by the event of a steer, or of the turn that it began', () => {
    const steer = proofsOf(['backend_status', { phase: 'steer-delivered', commandId: 'cmd_1' }]);
    assert.deepEqual(steer.of(accepted('steer')), { state: 'delivered', decision: 'steer', runId: 'run_1', seq: 1 });
    const turn = proofsOf(['backend_status', { phase: 'turn/started', commandId: 'cmd_1' }]);
    assert.equal(turn.of(accepted('turn')).state, 'delivered');
  });

  it('stays delivered when its command ends as anything', () => {
    const proofs = proofsOf(
      ['backend_status', { phase: 'turn/started', commandId: 'cmd_1' }],
      ['backend_status', { phase: 'command-terminal', commandId: 'cmd_1', terminalStatus: 'failed' }],
    );
    assert.equal(proofs.of(accepted('turn')).state, 'delivered');
  });

  it('too late for its turn becomes the next one, which is followed too', () => {
    const late = [
      'backend_status',
      { phase: 'command-terminal', commandId: 'cmd_1', terminalStatus: 'cancelled', supersededBy: 'cmd_2' },
    ] as const;
    assert.deepEqual(proofsOf(late).of(accepted('steer')), {
      state: 'next-turn',
      isDelivered: false,
      runId: 'run_1',
      seq: 1,
    });
    const then = proofsOf(late, ['backend_status', { phase: 'turn/started', commandId: 'cmd_2' }]);
    assert.deepEqual(then.of(accepted('steer')), { state: 'next-turn', isDelivered: true, runId: 'run_1', seq: 2 });
  });

  it('that was cancelled before it got there was removed, not delivered', () => {
    const proofs = proofsOf([
      'backend_status',
      { phase: 'command-terminal', commandId: 'cmd_1', terminalStatus: 'cancelled' },
    ]);
    assert.deepEqual(proofs.of(accepted('steer')), { state: 'removed' });
  });
});
