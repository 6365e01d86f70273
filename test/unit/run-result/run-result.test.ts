import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { RunResult, type TerminalClassification } from '../../../src/contract/result.js';
import { FAILURE_KINDS, type FailureKind } from '../../../src/domain/failure-kinds.js';
import { TERMINAL_STATUSES, type TerminalStatus } from '../../../src/domain/outcome.js';
import { validated } from '../../../src/http/validation/validate.js';
import { buildRunResult } from '../../../src/run-result/build-run-result.js';
import type { RunFacts } from '../../../src/run-result/run-facts.js';
import { commandRecord, endedCommand, endedRun, eventRecord, factsOf, heldRun, liveTurnRecord } from './facts.js';

const resultOf = (facts: RunFacts) => validated(RunResult, buildRunResult(facts));

const turn = liveTurnRecord();
const inTurn = { commandId: turn.id };

describe('the result of a run', () => {
  it('has neither terminal word nor classification while it is live', () => {
    const result = resultOf(factsOf(heldRun(), { commands: [turn] }));
    assert.equal(result.terminalStatus, null);
    assert.equal(result.terminalClassification, null);
    assert.deepEqual([result.commandId, result.commandState], [turn.id, 'acknowledged']);
  });

  it('replies with the last assistant text of the newest turn', () => {
    const events = [
      eventRecord(1, 'assistant_message', { commandId: 'cmd_000000000', text: 'earlier' }),
      eventRecord(2, 'assistant_message', { ...inTurn, text: 'first' }),
      eventRecord(3, 'command_output', { ...inTurn, text: 'printed' }),
      eventRecord(4, 'assistant_message', { ...inTurn, text: 'last' }),
    ];
    assert.equal(resultOf(factsOf(heldRun(), { commands: [turn], events })).reply, 'last');
  });

  it('replies with a whole message rather than with pieces of a later one', () => {
    const piece = (seq: number, text: string, itemId: string) =>
      eventRecord(seq, 'assistant_message', { ...inTurn, text, itemId, status: 'in_progress' });
    const whole = eventRecord(3, 'assistant_message', { ...inTurn, text: 'I look.', itemId: 'a', status: 'completed' });
    const events = [piece(1, 'I ', 'a'), piece(2, 'look.', 'a'), whole, piece(4, 'I fou', 'b')];
    const replyTo = (some: typeof events) => resultOf(factsOf(heldRun(), { commands: [turn], events: some })).reply;
    assert.equal(replyTo(events), 'I look.');
    assert.equal(replyTo(events.slice(0, 2)), 'I look.');
    assert.equal(replyTo([piece(1, 'cut off', 'a'), piece(2, 'I ', 'b'), piece(3, 'fou', 'b')]), 'I fou');
  });

  it('replies with the end of what was printed where nobody spoke, without stderr', () => {
    const events = [
      eventRecord(1, 'command_output', { ...inTurn, text: 'x'.repeat(4_000), stream: 'stdout' }),
      eventRecord(2, 'command_output', { ...inTurn, text: 'noise', stream: 'stderr' }),
      eventRecord(3, 'command_output', { ...inTurn, text: 'end\n', stream: 'stdout' }),
    ];
    const { reply } = resultOf(factsOf(heldRun(), { commands: [turn], events }));
    assert.equal(reply, `${'x'.repeat(3_996)}end\n`);
  });

  it('has no reply before anything was said', () => {
    assert.equal(resultOf(factsOf(heldRun())).reply, null);
  });

  it('tells usage by the newest totals', () => {
    const events = [
      eventRecord(1, 'token_usage', { total: { inputTokens: 1 } }),
      eventRecord(2, 'token_usage', { total: { inputTokens: 7 }, last: { inputTokens: 6 } }),
    ];
    assert.deepEqual(resultOf(factsOf(heldRun(), { events })).usage, { inputTokens: 7 });
  });

  it('points to the newest diff', () => {
    const events = [eventRecord(1, 'diff', inTurn), eventRecord(2, 'diff', inTurn)];
    const { artifacts } = resultOf(factsOf(heldRun(), { commands: [turn], events }));
    assert.deepEqual(
      artifacts.map(({ kind, sourceSeq }) => [kind, sourceSeq]),
      [['diff', 2]],
    );
  });

  it("is the command's where one is asked for, with the run's status", () => {
    const command = endedCommand(1, {
      terminalStatus: 'failed',
      failureKind: 'backend-failed',
      failureMessage: 'exit 2',
    });
    const commandEvents = [eventRecord(2, 'assistant_message', { commandId: command.id, text: 'mine' })];
    const commands = [command, liveTurnRecord(2)];
    const result = resultOf(factsOf(heldRun(), { commands, command, commandEvents }));
    assert.deepEqual(
      [
        result.status,
        result.commandState,
        result.terminalStatus,
        result.failureKind,
        result.failureMessage,
        result.reply,
      ],
      ['running', 'failed', 'failed', 'backend-failed', 'exit 2', 'mine'],
    );
    assert.match(result.diagnosis, /^The turn failed: exit 2; read its last output, .* then send the turn again\.$/);
  });
});

describe('the classification of an end', () => {
  const ended = (terminalStatus: TerminalStatus, failureKind: FailureKind | null, events: RunFacts['events'] = []) => {
    const result = resultOf(factsOf(endedRun({ terminalStatus, failureKind }), { events }));
    assert.ok(result.terminalClassification);
    assert.match(result.diagnosis, /^The run [^\n]+; [^\n]+\.$/);
    return { ...result.terminalClassification, diagnosis: result.diagnosis };
  };

  for (const status of TERMINAL_STATUSES) {
    for (const failureKind of [...FAILURE_KINDS, null]) {
      it(`is whole for ${status} with ${failureKind ?? 'no failure kind'}`, () => void ended(status, failureKind));
    }
  }

  it('tells of a completed run what was declined in it', () => {
    const run = endedRun({ terminalStatus: 'completed' });
    const asked = (seq: number, summary: string) =>
      eventRecord(seq, 'backend_status', { phase: 'approval-declined', summary });
    const diagnosisOf = (events: RunFacts['events']) => resultOf(factsOf(run, { events })).diagnosis;
    const retry = eventRecord(1, 'error', { willRetry: true });
    assert.equal(
      diagnosisOf([retry, asked(2, 'rm -rf build')]),
      'The run completed, after the provider was tried again once, but an approval was declined (rm -rf build); it left no reply, read its events.',
    );
    assert.equal(
      diagnosisOf([asked(1, 'npm test'), asked(2, 'rm -rf build')]),
      'The run completed, but 2 approvals were declined (the first: npm test); it left no reply, read its events.',
    );
  });

  const CASES: [TerminalStatus, FailureKind | null, Partial<TerminalClassification>][] = [
    ['completed', null, { category: 'completed', confidence: 'high', providerInterruptionKnown: true }],
    ['cancelled', 'cancelled', { category: 'cancelled', confidence: 'high' }],
    ['blocked', null, { category: 'blocked', confidence: 'low', providerInterruptionKnown: false }],
    ['failed', null, { category: 'unclassified', confidence: 'low' }],
    ['failed', 'backend-failed', { category: 'backend', providerEvidence: false, providerInterruption: false }],
    [
      'failed',
      'provider-auth-failed',
      { category: 'authentication', providerEvidence: true, providerInterruption: false },
    ],
    ['failed', 'provider-rate-limited', { category: 'rate-limit', providerInterruption: true }],
    ['failed', 'provider-unavailable', { category: 'provider-interruption', providerInterruption: true }],
    ['failed', 'provider-stream-disconnected', { providerInterruption: true, transportDisconnectObserved: true }],
    ['failed', 'hard-timeout', { category: 'timeout', hardTimeout: true, idleTimeout: false, timeoutKind: 'hard' }],
    ['failed', 'idle-timeout', { category: 'timeout', hardTimeout: false, idleTimeout: true, timeoutKind: 'idle' }],
    ['failed', 'runner-lost', { category: 'infrastructure', timeoutKind: null }],
    ['failed', 'context-overflow', { category: 'context-overflow' }],
  ];
  for (const [status, failureKind, expected] of CASES) {
    it(`tells ${status} with ${failureKind ?? 'no failure kind'} apart`, () => {
      const found = ended(status, failureKind);
      for (const [field, value] of Object.entries(expected)) {
        assert.equal(found[field as keyof TerminalClassification], value, field);
      }
    });
  }

  it('notes a retried interruption and a broken stream with the events that show them', () => {
    const failureKind = 'provider-stream-disconnected';
    const events = [
      eventRecord(3, 'error', { failureKind, willRetry: true, message: 'stream closed' }),
      eventRecord(5, 'error', { failureKind, message: 'stream closed\nagain' }),
    ];
    const found = ended('failed', failureKind, events);
    assert.deepEqual(
      [found.retryInterruptionObserved, found.retryInterruptionSeq, found.retryInterruptionKind],
      [true, 3, failureKind],
    );
    assert.deepEqual([found.transportDisconnectSeq, found.providerInterruptionReason], [5, 'stream closed again']);
  });

  it('suspects more than nothing where a failure without a kind left error events', () => {
    assert.equal(ended('failed', null, [eventRecord(1, 'error')]).confidence, 'medium');
  });
});

describe('steer delivery', () => {
  const steer = (seq: number, changes = {}) => commandRecord(seq, { type: 'steer', ...changes });
  const handedOn = { terminalStatus: 'cancelled', supersededBy: 'cmd_000000003t' };

  it('is left out where nobody steered', () => {
    assert.equal('steerDelivery' in resultOf(factsOf(heldRun(), { commands: [turn] })), false);
  });

  it('tells queued, delivered and too late, with the event that proves it', () => {
    const commands = [turn, steer(2), endedCommand(3, { type: 'steer', ...handedOn } as object), steer(4)];
    const events = [
      eventRecord(7, 'backend_status', { phase: 'steer-delivered', commandId: 'cmd_000000004' }),
      eventRecord(8, 'backend_status', { phase: 'command-terminal', commandId: 'cmd_000000003' }),
    ];
    const { steerDelivery } = resultOf(factsOf(heldRun(), { commands, events }));
    assert.deepEqual(steerDelivery, [
      { commandId: 'cmd_000000002', state: 'queued', provedBySeq: null, supersededBy: null },
      { commandId: 'cmd_000000003', state: 'too-late', provedBySeq: 8, supersededBy: 'cmd_000000003t' },
      { commandId: 'cmd_000000004', state: 'delivered', provedBySeq: 7, supersededBy: null },
    ]);
  });

  it('of a turn holds the steers up to the next turn', () => {
    const first = endedCommand(1);
    const commands = [first, steer(2), commandRecord(3), steer(4)];
    const { steerDelivery } = resultOf(factsOf(heldRun(), { commands, command: first, commandEvents: [] }));
    assert.deepEqual(
      steerDelivery?.map((delivery) => delivery.commandId),
      ['cmd_000000002'],
    );
  });
});
