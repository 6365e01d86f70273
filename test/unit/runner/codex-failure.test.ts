import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { RunFailureKind } from '../../../src/domain/failure-kinds.js';
import { failureKindOf } from '../../../src/runner/backends/codex/failure.js';
import type { CodexErrorInfo } from '../../../src/runner/backends/codex/protocol.js';
import type { ProviderTrouble } from '../../../src/runner/provider-proxy/trouble.js';

const status = (code: number): ProviderTrouble => ({ kind: 'status', status: code });
const silent: ProviderTrouble = { kind: 'no-headers', waitedMs: 1 };
const refused: ProviderTrouble = { kind: 'unreachable', code: 'ECONNREFUSED' };

const TABLE: [info: CodexErrorInfo | null, trouble: ProviderTrouble | null, kind: RunFailureKind][] = [
  ['contextWindowExceeded', null, 'context-overflow'],
  ['contextWindowExceeded', status(400), 'context-overflow'],
  ['sessionBudgetExceeded', null, 'budget-exceeded'],
  ['usageLimitExceeded', status(429), 'provider-rate-limited'],
  ['rateLimitExceeded', null, 'provider-rate-limited'],
  ['unauthorized', null, 'provider-auth-failed'],
  ['serverOverloaded', status(503), 'provider-unavailable'],
  ['internalServerError', null, 'provider-unavailable'],
  ['internalServerError', refused, 'provider-unavailable'],
  [{ httpConnectionFailed: { httpStatusCode: 401 } }, status(401), 'provider-auth-failed'],
  [{ httpConnectionFailed: { httpStatusCode: 403 } }, null, 'provider-auth-failed'],
  [{ httpConnectionFailed: { httpStatusCode: 503 } }, null, 'provider-unavailable'],
  [{ httpConnectionFailed: { httpStatusCode: 404 } }, null, 'provider-unavailable'],
  [{ httpConnectionFailed: { httpStatusCode: null } }, null, 'provider-unavailable'],
  [{ responseTooManyFailedAttempts: { httpStatusCode: 429 } }, status(429), 'provider-rate-limited'],
  [{ responseStreamDisconnected: { httpStatusCode: null } }, null, 'provider-stream-disconnected'],
  // Our own stand-in for an answer, as codex sees it.
  ['badRequest', silent, 'provider-unavailable'],
  ['other', silent, 'provider-unavailable'],
  ['other', refused, 'provider-unavailable'],
  ['other', { kind: 'cut' }, 'provider-stream-disconnected'],
  ['other', { kind: 'stalled' }, 'provider-stream-disconnected'],
  ['other', status(500), 'provider-unavailable'],
  ['other', status(400), 'backend-failed'],
  ['other', null, 'backend-failed'],
  ['modelNotFound', status(404), 'backend-failed'],
  ['a word of a later codex', null, 'backend-failed'],
  [{}, null, 'backend-failed'],
  ['toString', null, 'backend-failed'],
  [null, null, 'backend-failed'],
  [null, status(401), 'provider-auth-failed'],
];

describe('the failure kind of a turn that codex ended as failed', () => {
  for (const [info, trouble, kind] of TABLE) {
    it(`is ${kind} for ${JSON.stringify(info)}, the runner having seen ${JSON.stringify(trouble)}`, () => {
      assert.equal(failureKindOf(info, trouble), kind);
    });
  }
});
