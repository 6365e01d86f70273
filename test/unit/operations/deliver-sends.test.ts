import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { OperationContext } from '../../../src/operations/context.js';
import { DEFAULT_RUN_LIMITS } from '../../../src/operations/runs/run-limits.js';
import { deliverSends } from '../../../src/operations/sessions/deliver-sends.js';
import { Sequencer } from '../../../src/operations/runs/sequencer.js';
import { RunRefused, type RunRefusalType } from '../../../src/domain/refusals.js';
import type { SendToSession } from '../../../src/domain/run-messages.js';

function send(commandId: string, fresh: boolean) {
  const run = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec', sessionRef: { sessionId: 'talk' } };
  return { sessionId: 'talk', commandId, fresh, run, runnerJob: null, traceId: 'trc_1' };
}

interface LiveRun {
  /** Absent where it lives. */
  readonly status?: string;
  /** Why it takes nothing; absent where it does. */
  readonly refuses?: RunRefusalType;
}

/** A session whose commands of these ids no run has taken yet, with a live run or without. */
function contextWith(drafts: readonly string[], live?: LiveRun) {
  const drafted: string[] = [];
  const dropped: string[] = [];
  const said: SendToSession[] = [];
  const saidToLive: SendToSession[] = [];
  const context = {
    runs: {
      draftRun: async ({ id }: { id: string }) => void drafted.push(id),
      dropRunDraft: async (id: string) => void dropped.push(id),
      getRun: async (id: string) => ({ id, status: live?.status ?? 'running', claimedBy: 'rnr_1' }),
      findCommandDrafts: async (ids: readonly string[]) => ids.filter((id) => drafts.includes(id)),
    },
    sessions: { get: async () => live && { activeRunId: 'run_live' } },
    leases: { read: async () => ({ attempt: 2, isOver: true }) },
    gateway: {
      sendToLiveRun: async (_address: unknown, message: SendToSession) => {
        saidToLive.push(message);
        if (live?.refuses !== undefined) throw new RunRefused(live.refuses);
        return { runId: 'run_live' };
      },
      sendToSession: async (_address: unknown, _input: unknown, message: SendToSession) => {
        said.push(message);
        return { runId: 'run_live' };
      },
    },
    sequencer: new Sequencer(),
    limits: DEFAULT_RUN_LIMITS,
  } as unknown as OperationContext;
  return { context, drafted, dropped, said, saidToLive };
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

  it('drafts no run where one lives, and tells it which attempt has lost its lease', async () => {
    const { context, drafted, said, saidToLive } = contextWith([], {});
    assert.equal((await deliverSends(context, [send('cmd_new', true)])).size, 0);
    assert.deepEqual([drafted, said], [[], []]);
    const sends = [{ commandId: 'cmd_new', fresh: true, runnerJob: false }];
    assert.deepEqual(saidToLive, [{ sends, leaseOver: { runId: 'run_live', attempt: 2 } }]);
  });

  for (const refuses of ['run-terminal', 'session-closing'] as const) {
    it(`says it again, to whichever run there is, where the live one says ${refuses}: it may have taken it`, async () => {
      const { context, dropped, drafted, said } = contextWith(['cmd_new'], { refuses });
      assert.equal((await deliverSends(context, [send('cmd_new', true)])).size, 0);
      assert.deepEqual(
        said.map(({ sends }) => sends.map(({ commandId, fresh }) => [commandId, fresh])),
        [[['cmd_new', false]]],
      );
      assert.equal(drafted.length, 1);
      assert.deepEqual(dropped, drafted);
    });
  }

  it('says nothing to a run that has ended since its sender looked', async () => {
    const { context, drafted, said, saidToLive } = contextWith([], { status: 'completed' });
    await deliverSends(context, [{ ...send('cmd_new', true), liveRunId: 'run_live' }]);
    assert.deepEqual([saidToLive.length, drafted.length], [0, 1]);
    assert.deepEqual(said, [{ sends: [{ commandId: 'cmd_new', fresh: true, runnerJob: false }], leaseOver: null }]);
  });

  it('passes on why a live run takes nothing', async () => {
    const { context, said } = contextWith(['cmd_new'], { refuses: 'too-many-open-commands' });
    await assert.rejects(deliverSends(context, [send('cmd_new', true)]), { failureKind: 'rate-limited' });
    assert.deepEqual(said, []);
  });
});
