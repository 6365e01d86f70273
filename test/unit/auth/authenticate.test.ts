import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createAuthenticator } from '../../../src/auth/authenticate.js';
import { OperatorTokens } from '../../../src/auth/operator-tokens.js';
import { signedClaimTokens, signedRunnerTokens } from '../../../src/auth/runner-tokens.js';

describe('the authenticator', () => {
  const key = Buffer.alloc(32, 1);
  const runnerTokens = signedRunnerTokens(key);
  const claimTokens = signedClaimTokens(key);
  const operators = new OperatorTokens([{ name: 'root', token: 'root-token', tenants: 'all' }]);
  const { authenticate, claimant } = createAuthenticator(operators, runnerTokens, claimTokens);

  it('tells operators from runners', async () => {
    const holder = { runId: 'run_0123456789', tenantId: 'acme', attempt: 1, runnerId: 'rnr_1' };
    assert.equal((await authenticate('Bearer root-token')).kind, 'operator');
    assert.equal((await authenticate('bearer  root-token ')).kind, 'operator');
    assert.deepEqual(await authenticate(`Bearer ${await runnerTokens.issue(holder)}`), { kind: 'runner', ...holder });
  });

  it('lets neither kind of signed token pass for the other', async () => {
    const claim = `Bearer ${await claimTokens.issue('wrm_0123456789')}`;
    assert.equal(await claimant(claim), 'wrm_0123456789');
    const runner = { runId: 'run_0123456789', tenantId: 'acme', attempt: 1, runnerId: 'rnr_1' };
    const others = ['Bearer root-token', `Bearer ${await runnerTokens.issue(runner)}`];
    const foreign = `Bearer ${await signedClaimTokens(Buffer.alloc(32, 2)).issue('wrm_0123456789')}`;
    for (const wrong of [undefined, 'Bearer x', foreign, ...others])
      await assert.rejects(claimant(wrong), { failureKind: 'auth-required' });
    await assert.rejects(authenticate(claim), { failureKind: 'auth-required' });
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
