import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { OperatorPrincipal, RunnerPrincipal } from '../../../../src/domain/principal.js';
import { writerOf } from '../../../../src/operations/runs/writer.js';

describe('the writer of a request', () => {
  const operator: OperatorPrincipal = { kind: 'operator', name: 'root', tenants: 'all' };
  const runner: RunnerPrincipal = { kind: 'runner', runId: 'run_1', tenantId: 'acme', attempt: 2, runnerId: 'rnr_1' };

  it('is an override for an operator who names nobody', () => {
    assert.deepEqual(writerOf(operator, {}), {});
  });

  it('is whom an operator names', () => {
    assert.deepEqual(writerOf(operator, { runnerId: 'r', attempt: 3 }), { runnerId: 'r', attempt: 3 });
    assert.deepEqual(writerOf(operator, { attempt: 3 }), { attempt: 3 });
  });

  it('is always the runner of the token, whatever its body leaves out', () => {
    assert.deepEqual(writerOf(runner, {}), { runnerId: 'rnr_1', attempt: 2 });
    assert.deepEqual(writerOf(runner, { runnerId: 'rnr_1', attempt: 2 }), { runnerId: 'rnr_1', attempt: 2 });
  });

  it('may not be another than the token says', () => {
    const forbidden = { failureKind: 'forbidden' };
    assert.throws(() => writerOf(runner, { runnerId: 'rnr_2' }), { ...forbidden, details: { field: 'runnerId' } });
    assert.throws(() => writerOf(runner, { attempt: 3 }), { ...forbidden, details: { field: 'attempt' } });
  });
});
