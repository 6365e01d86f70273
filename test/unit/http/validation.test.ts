import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { TSchema } from 'typebox';
import { CommandCreate } from '../../../src/contract/command.js';
import { EventAppend, EventBatch } from '../../../src/contract/event.js';
import { ClaimRequest } from '../../../src/contract/lease.js';
import { Finish, RunCreate } from '../../../src/contract/run.js';
import { RunnerJobCreate, RunnerRegister } from '../../../src/contract/runner.js';
import { AgentRunError } from '../../../src/domain/errors.js';
import { assertStorable } from '../../../src/http/validation/storable.js';
import { validated } from '../../../src/http/validation/validate.js';

function refusal(act: () => unknown): AgentRunError {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof AgentRunError);
    return error;
  }
  throw new assert.AssertionError({ message: 'it was accepted' });
}

const run = (more: object) => ({ tenantId: 'acme', projectId: 'site', ...more });
const turn = (payload: unknown) => ({ type: 'turn', payload });
const prompt = { prompt: 'ls' };

const REFUSED: [TSchema, unknown, field: string, message: RegExp][] = [
  [RunCreate, [], 'body', /^body must be object$/],
  [RunCreate, {}, 'tenantId', /^tenantId is required$/],
  [RunCreate, { tenantId: 'acme' }, 'projectId', /is required/],
  [RunCreate, run({ tenantId: 7 }), 'tenantId', /^tenantId must be string$/],
  [RunCreate, run({ tenantId: '../x' }), 'tenantId', /must begin with a letter or digit/],
  [RunCreate, run({ executionPolicy: { timeoutMs: 5 } }), 'executionPolicy.timeoutMs', /must be >= 1000$/],
  [RunCreate, run({ executionPolicy: { timeoutMs: 1e12 } }), 'executionPolicy.timeoutMs', /must be <= 604800000$/],
  [RunCreate, run({ executionPolicy: { timeoutMs: '9' } }), 'executionPolicy.timeoutMs', /must be integer$/],
  [RunCreate, run({ executionPolicy: { timeout: 9 } }), 'executionPolicy.timeout', /is not a known field$/],
  [RunCreate, run({ executionPolicy: { sandbox: 'none' } }), 'executionPolicy.sandbox', /one of read-only, workspace/],
  [RunCreate, run({ executionPolicy: 'fast' }), 'executionPolicy', /must be object or null$/],
  [RunCreate, run({ workspaceRef: {} }), 'workspaceRef.kind', /is required$/],
  [RunCreate, run({ workspaceRef: { kind: 'git' } }), 'workspaceRef.repoUrl', /is required$/],
  [RunCreate, run({ workspaceRef: { kind: 'git', repoUrl: 'ext::sh' } }), 'workspaceRef.repoUrl', /match the pattern/],
  [RunCreate, run({ workspaceRef: { kind: 'path' } }), 'workspaceRef.path', /is required$/],
  [RunCreate, run({ sessionRef: { sessionId: '-' } }), 'sessionRef.sessionId', /must begin with a letter or digit/],
  [RunCreate, run({ retryPolicy: { maxAttempts: 0 } }), 'retryPolicy.maxAttempts', /must be >= 1$/],
  [RunCreate, run({ idempotencyKey: '' }), 'idempotencyKey', /fewer than 1 character/],
  [RunCreate, run({ metadata: [] }), 'metadata', /must be object$/],
  [CommandCreate, { type: 'ask', payload: prompt }, 'type', /must be one of turn, steer, interrupt$/],
  [CommandCreate, {}, 'payload', /is required$/],
  [CommandCreate, turn({}), 'payload.prompt', /is required$/],
  [CommandCreate, turn({ prompt: '' }), 'payload.prompt', /fewer than 1 character/],
  [CommandCreate, turn({ prompt: 3 }), 'payload.prompt', /must be string$/],
  [CommandCreate, turn('ls'), 'payload', /must be object$/],
  [Finish, { terminalStatus: null }, 'terminalStatus', /must be one of completed/],
  [Finish, { failureKind: 'oops' }, 'failureKind', /must be one of schema-invalid/],
  [ClaimRequest, { runnerId: 'r', leaseMs: 999 }, 'leaseMs', /must be >= 1000$/],
  [ClaimRequest, { runnerId: 'r', leaseMs: 3_600_001 }, 'leaseMs', /must be <= 3600000$/],
  [EventAppend, { type: 'output' }, 'type', /must be one of user_message/],
  [EventBatch, { events: [] }, 'events', /fewer than 1 item/],
  [EventBatch, { events: Array.from({ length: 501 }, () => ({})) }, 'events', /more than 500 items/],
  [EventBatch, { events: [{}, { payload: 'x' }] }, 'events[1].payload', /must be object$/],
  [EventBatch, { events: [{}, { clientSeq: 0.5 }] }, 'events[1].clientSeq', /must be integer$/],
  [RunnerRegister, { placement: 3 }, 'placement', /must be string or object$/],
  [RunnerJobCreate, { env: { AGENTRUN_X: '1' } }, 'env.AGENTRUN_X', /is not a known field$/],
  [RunnerJobCreate, { env: { 'a b': '1' } }, 'env', /has a field that is not known$/],
  [RunnerJobCreate, { env: { A: 1 } }, 'env.A', /must be string$/],
  [RunnerJobCreate, { commandId: 'x' }, 'commandId', /must match the pattern/],
  [RunnerJobCreate, { resources: { limits: { gpu: '1' } } }, 'resources.limits.gpu', /is not a known field$/],
];

describe('validation', () => {
  for (const [schema, body, field, message] of REFUSED) {
    it(`names ${field} in ${JSON.stringify(body).slice(0, 70)}`, () => {
      const error = refusal(() => validated(schema, body));
      assert.equal(error.failureKind, 'schema-invalid');
      assert.equal(error.details.field, field);
      assert.match(error.message, message);
      assert.ok(error.message.startsWith(field), error.message);
    });
  }

  it('repeats no value of the body', () => {
    const secret = 'sk-planted-secret';
    const bodies: [TSchema, unknown][] = [
      [RunCreate, run({ tenantId: `${secret} ` })],
      [RunCreate, run({ executionPolicy: secret })],
      [Finish, { terminalStatus: secret }],
      [EventBatch, { events: secret }],
      [RunnerJobCreate, { env: { [`${secret}!`]: '1' } }],
    ];
    for (const [schema, body] of bodies) {
      const { message, details } = refusal(() => validated(schema, body));
      assert.ok(!JSON.stringify({ message, details }).includes(secret), message);
    }
  });

  it('fills defaults where a field is absent, and only there', () => {
    assert.deepEqual(validated(EventAppend, {}), { type: 'backend_status', payload: {} });
    assert.equal(validated(Finish, {}).terminalStatus, 'failed');
    assert.equal(validated(ClaimRequest, { runnerId: 'r' }).leaseMs, 60_000);
    assert.deepEqual(validated(CommandCreate, { payload: prompt }), { type: 'turn', payload: prompt });
    assert.deepEqual(validated(CommandCreate, { type: 'interrupt' }), { type: 'interrupt', payload: {} });
  });

  it('gives every request its own defaults', () => {
    const [one, other] = [validated(EventAppend, {}), validated(EventAppend, {})];
    one.payload.text = 'mine';
    assert.deepEqual(other.payload, {});
  });

  it('takes one quantity without the others', () => {
    validated(RunnerJobCreate, { resources: { requests: { cpu: '500m' } } });
  });
});

describe('what can be stored', () => {
  it('is any ordinary body', () => {
    assertStorable({ a: ['x', 1, null, { b: 'emoji 😀 and \n' }] });
  });

  it('is no U+0000 and no half of a surrogate pair, in a value or a key', () => {
    assert.equal(refusal(() => assertStorable({ a: [{ b: 'x\0' }] })).details.field, 'a[0].b');
    assert.equal(refusal(() => assertStorable({ a: 'x\ud800' })).details.field, 'a');
    assert.equal(refusal(() => assertStorable({ a: { 'x\udc00': 1 } })).details.field, 'a');
  });

  it('is nothing bottomless', () => {
    const deep = JSON.parse('{"a":'.repeat(50_000) + '1' + '}'.repeat(50_000));
    assert.equal(refusal(() => assertStorable(deep)).details.field, 'body');
  });
});
