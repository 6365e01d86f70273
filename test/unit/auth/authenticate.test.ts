import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createAuthenticator } from '../../../src/auth/authenticate.js';
import { OperatorTokens } from '../../../src/auth/operator-tokens.js';
import { signedRunnerTokens } from '../../../src/auth/runner-tokens.js';

describe('the authenticator', () => {
  const runnerTokens = signedRunnerTokens(Buffer.alloc(32, 1));
  const operators = new OperatorTokens([{ name: 'root', token: 'root-token', tenants: 'all' }]);
  const { authenticate } = createAuthenticator(operators, runnerTokens);

  it('tells operators from runners', async () => {
    const holder = { runId: 'run_0123456789', tenantId: 'acme', attempt: 1, runnerId: 'rnr_1' };
    assert.equal((await authenticate('Bearer root-token')).kind, 'operator');
    assert.equal((await authenticate('bearer  root-token ')).kind, 'operator');
    assert.deepEqual(await authenticate(`Bearer ${await runnerTokens.issue(holder)}`), { kind: 'runner', ...holder });
  });

  it('asks for a token where there is none, a wrong one, or another scheme, and repeats nothing of it', async () => {
    const wrong = [undefined, '', 'Bearer', 'Bearer ', 'Basic root-token', 'Bearer wrong-token', 'Bearer root-token x'];
    for (const authorization of wrong) {
      await assert.rejects(authenticate(authorization), (error: Error & { failureKind?: string }) => {
        assert.equal(error.failureKind, 'auth-required');
        assert.ok(!error.message.includes('wrong-token'));
        return true;
      });
    }
  });
});
