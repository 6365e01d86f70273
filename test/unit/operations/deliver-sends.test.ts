import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { OperationContext } from '../../../src/operations/context.js';
import { DEFAULT_RUN_LIMITS } from '../../../src/operations/runs/run-limits.js';
import { deliverSends } from '../../../src/operations/sessions/deliver-sends.js';
import { Sequencer } from '../../../src/operations/runs/sequencer.js';
import type { SendToSession } from '../../../src/domain/run-messages.js';

function send(commandId: string, fresh: boolean) {
  const run = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec', sessionRef: { sessionId: 'talk' } };
  return { sessionId: 'talk', commandId, fresh, run, runnerJob: null, traceId: 'trc_1' };
}

/** A session whose commands of these ids no run has taken yet. */
function contextWith(drafts: readonly string[]) {
  const drafted: string[] = [];
  const dropped: string[] = [];
  const said: SendToSession[] = [];
  const context = {
    runs: {
      draftRun: async ({ id }: { id: string }) => void drafted.push(id),
      dropRunDraft: async (id: string) => void dropped.push(id),
      findCommandDrafts: async (ids: readonly string[]) => ids.filter((id) => drafts.includes(id)),
    },
    sessions: { get: async () => undefined },
    gateway: {
      sendToSession: async (_address: unknown, _input: unknown, message: SendToSession) => {
        said.push(message);
        return { runId: 'run_live' };
      },
    },
    sequencer: new Sequencer(),
    limits: DEFAULT_RUN_LIMITS,
  } as unknown as OperationContext;
  return { context, drafted, dropped, said };
}

describe('delivering sends', () => {
  it('makes no run for what was taken while its repeat waited', async () => {
    const { context, drafted, dropped, said } = contextWith([]);
    await deliverSends(context, [send('cmd_taken', false)]);
    assert.deepEqual(said, []);
    assert.deepEqual(dropped, drafted);
  });

  it('says what is sent for the first time, and repeats that nobody has taken', async () => {
    const { context, said } = contextWith(['cmd_open']);
    await deliverSends(context, [send('cmd_taken', false), send('cmd_open', false), send('cmd_new', true)]);
    assert.deepEqual(
      said.map(({ sends }) => sends.map(({ commandId, fresh }) => [commandId, fresh])),
      [
        [
          ['cmd_open', false],
          ['cmd_new', true],
        ],
      ],
    );
  });
});
