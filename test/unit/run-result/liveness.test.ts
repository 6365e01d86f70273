import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Liveness, type LivenessPhase } from '../../../src/contract/result.js';
import { validated } from '../../../src/http/validation/validate.js';
import { diagnosis } from '../../../src/run-result/diagnosis.js';
import { livenessOf } from '../../../src/run-result/liveness.js';
import type { RunFacts } from '../../../src/run-result/run-facts.js';
import {
  ago,
  commandRecord,
  endedCommand,
  endedRun,
  eventRecord,
  factsOf,
  heldRun,
  jobRecord,
  liveTurnRecord,
  NOW_MS,
  runRecord,
} from './facts.js';

const turn = liveTurnRecord();
const inTurn = { commandId: turn.id };
const toolCall = eventRecord(3, 'tool_call', { ...inTurn, itemId: 'i1', toolName: 'shell', status: 'inProgress' });
const toolOutput = eventRecord(4, 'tool_output', { ...inTurn, itemId: 'i1' });

const CASES: [what: string, facts: RunFacts, phase: LivenessPhase, active: boolean, diagnosis: RegExp][] = [
  [
    'nobody asked for',
    factsOf(runRecord()),
    'waiting-for-runner',
    true,
    /^No runner has claimed the run for 60 s; ask/,
  ],
  [
    'whose Job starts',
    factsOf(runRecord(), { runnerJob: jobRecord({ reason: 'Unschedulable' }) }),
    'runner-starting',
    true,
    /^The runner Job runner-1 is starting \(Unschedulable\) and has not claimed/,
  ],
  [
    'whose Job failed before a claim',
    factsOf(runRecord(), { runnerJob: jobRecord({ status: 'failed' }) }),
    'waiting-for-runner',
    true,
    /ask for a runner Job/,
  ],
  [
    'whose attempt was lost',
    factsOf(runRecord({ attempt: 2 })),
    'retrying',
    true,
    /^The runner of attempt 1 was lost and attempt 2 of 3 waits/,
  ],
  [
    'just claimed',
    factsOf(heldRun({ status: 'claimed' })),
    'claimed',
    true,
    /^Runner rnr_1 holds the run and works on no turn yet; send a turn/,
  ],
  [
    'with an open command that nobody took',
    factsOf(heldRun({ status: 'claimed' }), { commands: [commandRecord(1)] }),
    'claimed',
    true,
    /should take the open command soon/,
  ],
  [
    'in a turn',
    factsOf(heldRun(), { commands: [turn], events: [eventRecord(1, 'reasoning', inTurn, 4_000)] }),
    'turn-running',
    true,
    /^Runner rnr_1 has worked on the turn for 40 s of at most 60 s, with the last event 4.0 s ago; wait, steer it/,
  ],
  [
    'in a tool',
    factsOf(heldRun(), { commands: [turn], events: [toolCall] }),
    'tool-running',
    true,
    /, and runs shell; wait, or interrupt it/,
  ],
  [
    'whose tool answered',
    factsOf(heldRun(), { commands: [turn], events: [toolCall, toolOutput] }),
    'turn-running',
    true,
    /steer it/,
  ],
  [
    'between turns',
    factsOf(heldRun(), { commands: [endedCommand(1)] }),
    'idle',
    false,
    /^Runner rnr_1 is idle between turns \(the last one completed\); send a turn/,
  ],
  [
    'whose lease ran out',
    factsOf(heldRun({ leaseExpiresAt: ago(12_000) }), { commands: [turn] }),
    'lease-expired',
    true,
    /^Runner rnr_1 let its lease run out 12 s ago; attempt 2 of 3 follows/,
  ],
  [
    'whose last lease ran out',
    factsOf(heldRun({ leaseExpiresAt: ago(12_000), attempt: 3 })),
    'lease-expired',
    true,
    /the last attempt, so the run is about to fail/,
  ],
  [
    'being cancelled',
    factsOf(heldRun({ cancelRequestedAt: ago(1_000) }), { commands: [turn] }),
    'turn-running',
    true,
    /^A cancel was asked for and runner rnr_1 is being stopped/,
  ],
  [
    'ended',
    factsOf(endedRun({ terminalStatus: 'completed' })),
    'terminal',
    false,
    /^The run completed; it left no reply, read its events/,
  ],
];

describe('liveness', () => {
  for (const [what, facts, phase, active, sentence] of CASES) {
    it(`of a run ${what} is ${phase}, and the diagnosis says what to do`, () => {
      const liveness = validated(Liveness, livenessOf(facts));
      assert.deepEqual([liveness.phase, liveness.active], [phase, active]);
      assert.match(diagnosis(facts), sentence);
      assert.match(diagnosis(facts), /^[A-Z][^\n]*\.$/);
      assert.ok(liveness.recoveryActions.length > 0 && liveness.recoveryActions.length <= 5);
    });
  }

  it("takes the lease's own row for newer than the run's", () => {
    const facts = factsOf(heldRun({ leaseExpiresAt: ago(1_000) }), { leaseExpiresAtMs: NOW_MS + 20_000 });
    assert.deepEqual(livenessOf(facts).lease, {
      claimedBy: 'rnr_1',
      leaseExpiresAt: ago(-20_000),
      leaseExpired: false,
      leaseRemainingMs: 20_000,
    });
  });

  it('tells the last activity of the run, and that of the focused command', () => {
    const events = [
      eventRecord(1, 'assistant_message', { ...inTurn, text: 'a\n b  c' }, 9_000),
      eventRecord(2, 'error'),
    ];
    const { lastActivity, lastCommandActivity } = livenessOf(factsOf(heldRun(), { commands: [turn], events }));
    assert.deepEqual(
      [lastActivity?.sourceSeq, lastActivity?.activityKind, lastActivity?.summary],
      [2, 'error', 'error'],
    );
    assert.deepEqual([lastCommandActivity?.ageMs, lastCommandActivity?.summary], [9_000, 'a b c']);
  });

  it('cuts a summary to its length without cutting through a character', () => {
    const events = [eventRecord(1, 'assistant_message', { text: `${'x'.repeat(178)}😀😀` })];
    const summary = livenessOf(factsOf(heldRun(), { events })).lastActivity?.summary ?? '';
    assert.equal(summary, `${'x'.repeat(178)}…`);
  });
});

describe('the timeout budget', () => {
  const budget = (facts: RunFacts) => livenessOf(facts).timeoutBudget;

  it('has not started before a turn is acknowledged', () => {
    const { state, remainingMs, source } = budget(factsOf(heldRun(), { commands: [commandRecord(1)] }));
    assert.deepEqual([state, remainingMs, source], ['not-started', 60_000, 'turn-not-acknowledged']);
    assert.equal(budget(factsOf(runRecord())).source, 'no-turn');
  });

  it('counts the limit that is nearer: the hard one while events come', () => {
    const events = [eventRecord(1, 'reasoning', inTurn, 1_000)];
    const { state, timeoutKind, elapsedMs, idleElapsedMs, remainingMs } = budget(
      factsOf(heldRun(), { commands: [turn], events }),
    );
    assert.deepEqual(
      [state, timeoutKind, elapsedMs, idleElapsedMs, remainingMs],
      ['within-budget', 'hard', 40_000, 1_000, 20_000],
    );
  });

  it('counts the limit that is nearer: the idle one while it is silent', () => {
    const events = [eventRecord(1, 'reasoning', inTurn, 25_000)];
    const { timeoutKind, timeoutMs, remainingMs, source } = budget(factsOf(heldRun(), { commands: [turn], events }));
    assert.deepEqual([timeoutKind, timeoutMs, remainingMs, source], ['idle', 30_000, 5_000, 'last-event']);
  });

  it('counts silence from the ack where no event came since', () => {
    const events = [eventRecord(1, 'backend_status', {}, 45_000)];
    const { state, idleElapsedMs, remainingMs } = budget(factsOf(heldRun(), { commands: [turn], events }));
    assert.deepEqual([state, idleElapsedMs, remainingMs], ['exceeded', 40_000, 0]);
  });

  it('has ended with the turn', () => {
    const { state, elapsedMs, remainingMs, commandElapsedMs } = budget(
      factsOf(heldRun(), { commands: [endedCommand(1)] }),
    );
    assert.deepEqual([state, elapsedMs, remainingMs, commandElapsedMs], ['ended', 30_000, 30_000, 40_000]);
  });

  it('starts anew with the turn of another attempt', () => {
    const facts = factsOf(runRecord({ attempt: 2 }), { commands: [turn] });
    assert.equal(budget(facts).state, 'not-started');
  });
});
