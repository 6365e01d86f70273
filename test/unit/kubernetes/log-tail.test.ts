import assert from 'node:assert/strict';
import { logTail } from '../../../src/kubernetes/log-tail.js';

describe("the end of a runner's log", () => {
  it('is all of a short one, and whole lines of a long one', () => {
    assert.equal(logTail('one\ntwo\n', 8), 'one\ntwo\n');
    assert.equal(logTail('one\ntwo\nthree\n', 12), 'two\nthree\n');
  });

  it('is none where the kubelet says that it has none any more, unless the runner said so', () => {
    const none = 'unable to retrieve container logs for containerd://803a0fd4c5fc36c9f70e25c3a3b409f23a29cf22265eee4';
    assert.equal(logTail(none, 1_000), '');
    assert.equal(logTail(`begun\n${none}\n`, 1_000), `begun\n${none}\n`);
  });
});
