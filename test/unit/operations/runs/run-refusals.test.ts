import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { RUN_REFUSALS, RunRefused, type RunRefusalType } from '../../../../src/domain/refusals.js';
import { statusOf } from '../../../../src/http/error-status.js';
import { answered, refusalError, settled } from '../../../../src/operations/runs/run-refusals.js';

const EXPECTED: Record<RunRefusalType, [failureKind: string, status: number]> = {
  'run-not-here': ['schema-invalid', 409],
  'run-terminal': ['schema-invalid', 409],
  'session-closing': ['infra-failed', 503],
  'held-by-another-runner': ['lease-conflict', 409],
  'attempt-over': ['lease-lost', 409],
  'command-unknown': ['schema-invalid', 404],
  'command-terminal': ['schema-invalid', 409],
  'newer-command': ['schema-invalid', 409],
  'too-many-open-commands': ['rate-limited', 429],
};

describe('refusals of a run', () => {
  for (const type of RUN_REFUSALS) {
    it(`tells ${type} as ${EXPECTED[type].join(' ')}, with its facts`, () => {
      const error = refusalError('run_1', new RunRefused(type, { seq: 7 }));
      assert.deepEqual([error.failureKind, statusOf(error)], EXPECTED[type]);
      assert.equal(error.details.seq, 7);
    });
  }

  it('says what a session waits for whose run is ending', () => {
    const told = (facts: Record<string, unknown>) =>
      refusalError('talk', new RunRefused('session-closing', { runId: 'run_1', graceMs: 45_000, ...facts })).message;
    assert.equal(
      told({ waitsFor: 'runner' }),
      "the session's run run_1 was cancelled and its runner is still stopping, for 45 s at most; try again when the run has ended",
    );
    assert.equal(
      told({ waitsFor: 'job' }),
      "the session's run run_1 has ended and its runner Job is still being stopped, which is given 45 s; try again",
    );
    assert.equal(told({}), "the session's last run is still ending; try again", 'as an earlier version says it');
  });

  it('leaves other errors as they are', async () => {
    const other = new Error('other');
    await assert.rejects(answered('run_1', Promise.reject(other)), other);
    await assert.rejects(settled('run_1', Promise.reject(other), ['run-terminal']), other);
  });

  it('says that nothing is left to do where the refusal is harmless', async () => {
    const over = new RunRefused('run-terminal');
    assert.equal(await settled('run_1', Promise.reject(over), ['run-terminal']), over);
    assert.equal(await settled('run_1', Promise.resolve(), []), undefined);
    const fenced = Promise.reject(new RunRefused('attempt-over'));
    await assert.rejects(settled('run_1', fenced, ['run-terminal']), { failureKind: 'lease-lost' });
  });
});
