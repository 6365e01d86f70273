import assert from 'node:assert/strict';
import { eventSpan } from '../../src/telemetry/span-names.js';
import { startTracing } from '../../src/telemetry/start-tracing.js';
import { traceOf } from '../../src/domain/trace-id.js';
import { formatTraceparent, parseTraceparent, spanOf } from '../../src/telemetry/trace-context.js';
import { noTracing } from '../../src/telemetry/tracing.js';

describe('the span of an event', () => {
  const CASES: [type: string, payload: Record<string, unknown>, name: string | undefined, isError?: boolean][] = [
    ['terminal_status', { terminalStatus: 'completed' }, 'runner_terminal.completed'],
    ['terminal_status', { terminalStatus: 'failed', failureKind: 'runner-lost' }, 'runner_terminal.failed', true],
    ['terminal_status', { terminalStatus: 'blocked' }, 'runner_terminal.blocked', true],
    ['terminal_status', { terminalStatus: 'cancelled' }, 'runner_terminal.cancelled'],
    ['terminal_status', {}, 'runner_terminal'],
    ['error', { message: 'no' }, 'runner_error', true],
    ['error', { failureKind: 'provider-auth-failed' }, 'runner_error.provider_auth_failed', true],
    ['backend_status', { phase: 'cancel-requested' }, 'runner_cancel_requested'],
    ['backend_status', { phase: 'turn-cancelled' }, 'runner_turn_cancelled'],
    ['backend_status', { phase: 'command-terminal', terminalStatus: 'failed' }, 'runner_command_terminal', true],
    ['backend_status', { phase: 'runner-claim-accepted' }, 'runner_runner_claim_accepted'],
    ['backend_status', { phase: 'turn/interrupt:requested' }, 'runner_turn_interrupt_requested'],
    ['backend_status', { phase: 'turn/started' }, undefined],
    ['backend_status', {}, undefined],
    ['assistant_message', { text: 'hello', phase: 'cancel-requested' }, undefined],
  ];
  for (const [type, payload, name, isError = false] of CASES) {
    it(`${type} ${JSON.stringify(payload)}: ${name ?? 'none'}`, () => {
      const span = eventSpan({ type, payload });
      assert.deepEqual([span?.name, span?.isError ?? false], [name, isError]);
    });
  }

  it('takes ids and words of ours along, of a message its beginning, and nothing else', () => {
    const payload = { phase: 'x', commandId: 'cmd_1', text: 'planted', prompt: 'planted', message: 'm'.repeat(999) };
    const attributes = { ...eventSpan({ type: 'error', payload: { ...payload, willRetry: true } })?.attributes };
    const known = Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
    const expected = { eventType: 'error', phase: 'x', commandId: 'cmd_1', willRetry: true, message: 'm'.repeat(300) };
    assert.deepEqual(known, expected);
  });
});

describe('a trace context', () => {
  const HEADER = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

  it('is read as it is written', () => {
    const context = parseTraceparent(HEADER);
    assert.ok(context);
    assert.equal(formatTraceparent(context), HEADER);
    assert.equal(parseTraceparent(HEADER.replace(/01$/, '00'))?.sampled, false);
  });

  for (const wrong of [
    undefined,
    '',
    'x',
    HEADER.slice(1),
    HEADER.replace('4bf9', 'zzzz'),
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
  ]) {
    it(`is none in ${String(wrong)}`, () => assert.equal(parseTraceparent(wrong), undefined));
  }

  it('is named by an answer only where the name is a trace’s', () => {
    assert.equal(traceOf('trc_4bf92f3577b34da6a3ce929d0e0e4736'), '4bf92f3577b34da6a3ce929d0e0e4736');
    assert.equal(traceOf('trc_0123456789'), undefined);
    assert.equal(traceOf(`trc_${'z'.repeat(32)}`), undefined);
  });

  it('of a run follows from its id', () => {
    assert.match(spanOf('run_1'), /^[0-9a-f]{16}$/);
    assert.equal(spanOf('run_1'), spanOf('run_1'));
    assert.notEqual(spanOf('run_1'), spanOf('run_2'));
  });
});

describe('tracing', () => {
  it('is nothing where nobody wants spans', async () => {
    const settings = {
      tracesUrl: undefined,
      metricsUrl: undefined,
      samplerRatio: 1,
      metricIntervalMs: 60_000,
      resource: {},
    };
    assert.equal(await startTracing(settings), noTracing);
    assert.equal(await noTracing.span('x', {}, async () => 7), 7);
  });
});
