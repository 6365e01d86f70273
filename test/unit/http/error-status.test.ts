import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  AgentRunError,
  conflict,
  forbidden,
  idempotencyConflict,
  invalid,
  leaseConflict,
  leaseLost,
  missing,
  unavailable,
} from '../../../src/domain/errors.js';
import { statusOf } from '../../../src/http/error-status.js';
import { HttpError } from '../../../src/http/http-error.js';

const CASES: [AgentRunError, number][] = [
  [invalid('a', 'a is wrong'), 400],
  [missing('run', 'run_1'), 404],
  [conflict('no'), 409],
  [new AgentRunError('schema-invalid', 'too-large', 'big'), 413],
  [new AgentRunError('auth-required', 'invalid', 'who?'), 401],
  [forbidden('no'), 403],
  [leaseLost('run_1'), 409],
  [leaseConflict('run_1'), 409],
  [idempotencyConflict(), 409],
  [new AgentRunError('session-store-evicted', 'conflict', 'gone'), 409],
  [new AgentRunError('rate-limited', 'conflict', 'slow down'), 429],
  [unavailable('database'), 503],
  [new AgentRunError('infra-failed', 'invalid', 'oops'), 500],
  [new AgentRunError('runner-lost', 'conflict', 'never as an answer'), 500],
  [new HttpError(405, 'GET only'), 405],
];

describe('the status of an error', () => {
  for (const [error, status] of CASES) {
    it(`is ${status} for ${error.failureKind} (${error.refusal})`, () => assert.equal(statusOf(error), status));
  }
});
