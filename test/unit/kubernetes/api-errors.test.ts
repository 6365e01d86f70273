import { ApiException } from '@kubernetes/client-node';
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { platformError } from '../../../src/kubernetes/api-errors.js';

const said = (status: number, message: string) => new ApiException(status, '', JSON.stringify({ message }), {});

describe('what a cluster answers', () => {
  it('may pass where it is busy or broken, or does not know who asks: a token is replaced under way', () => {
    for (const status of [401, 408, 409, 410, 425, 429, 500, 503]) {
      assert.equal(platformError('the Job a', said(status, 'Unauthorized')).refusal, 'unavailable', String(status));
    }
    assert.equal(platformError('the Job a', new Error('ECONNREFUSED')).refusal, 'unavailable');
    assert.match(platformError('the Job a', said(401, 'Unauthorized')).message, /credentials \(HTTP 401\)/);
  });

  it('is a refusal for good where it says no to what is asked', () => {
    const refused = platformError('the Job a', said(403, 'jobs is forbidden'));
    assert.deepEqual([refused.failureKind, refused.refusal], ['runner-start-failed', 'conflict']);
    assert.equal(refused.message, 'the cluster refused the Job a (HTTP 403): jobs is forbidden');
  });

  it('names the quota that has no room, and the object once', () => {
    const quota = 'exceeded quota: agents, requested: pods=1, used: pods=9, limited: pods=9';
    const { message, details } = platformError('the Job a', said(403, `jobs.batch "a" is forbidden: ${quota}`));
    assert.equal(message, `the namespace's quota has no room for the Job a: ${quota}`);
    assert.deepEqual(details, { part: 'platform', httpStatus: 403, quota: true });
  });
});
