import assert from 'node:assert/strict';
import { SignJWT } from 'jose';
import { describe, it } from 'mocha';
import { signedRunnerTokens } from '../../../src/auth/runner-tokens.js';

const key = Buffer.alloc(32, 1);
const holder = { runId: 'run_0123456789', tenantId: 'acme', attempt: 2, runnerId: 'rnr_1' };

describe('runner tokens', () => {
  const tokens = signedRunnerTokens(key);

  it('come back as the principal they were given for', async () => {
    assert.deepEqual(await tokens.verify(await tokens.issue(holder)), { kind: 'runner', ...holder });
  });

  it('carry no expiry', async () => {
    const claims = JSON.parse(Buffer.from((await tokens.issue(holder)).split('.')[1]!, 'base64url').toString());
    assert.equal(claims.exp, undefined);
  });

  it('are worth nothing under another key, altered, cut, or unsigned', async () => {
    const token = await tokens.issue(holder);
    const [header, , signature] = token.split('.');
    const other = Buffer.from(JSON.stringify({ ...holder, sub: 'run_other00000', iss: 'agentrun-mgr' }));
    const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    const altered = `${header}.${other.toString('base64url')}.${signature}`;
    const unsigned = `${none}.${token.split('.')[1]}.`;
    for (const wrong of [altered, unsigned, token.slice(0, -2), `${token}x`, 'a.b.c', '']) {
      assert.equal(await tokens.verify(wrong), undefined, wrong);
    }
    assert.equal(await signedRunnerTokens(Buffer.alloc(32, 2)).verify(token), undefined);
  });

  it('are worth nothing when signed by us for something else', async () => {
    const signed = async (claims: Record<string, unknown>, audience = 'agentrun-runner') =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuer('agentrun-mgr')
        .setAudience(audience)
        .setSubject(holder.runId)
        .sign(key);
    const good = { tenantId: 'acme', attempt: 1, runnerId: 'r' };
    assert.ok(await tokens.verify(await signed(good)));
    assert.equal(await tokens.verify(await signed(good, 'console')), undefined);
    assert.equal(await tokens.verify(await signed({ ...good, attempt: 0 })), undefined);
    assert.equal(await tokens.verify(await signed({ ...good, attempt: '1' })), undefined);
    assert.equal(await tokens.verify(await signed({ ...good, runnerId: undefined })), undefined);
  });

  it('need a key of 32 bytes', () => {
    assert.throws(() => signedRunnerTokens(Buffer.alloc(31)), RangeError);
  });
});
