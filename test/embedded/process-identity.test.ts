import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'mocha';
import {
  identityFromPs,
  isSameProcess,
  processIdentity,
  runningCommands,
} from '../../src/processes/process-identity.js';

describe('process identity', () => {
  it('stays the same while the process lives and is gone with it', async () => {
    const child = spawn('sleep', ['60']);
    const identity = processIdentity(child.pid!);
    assert.ok(identity);
    assert.deepEqual(processIdentity(child.pid!), identity);
    assert.ok(isSameProcess(identity));
    child.kill();
    await once(child, 'exit');
    assert.equal(processIdentity(child.pid!), undefined);
    assert.equal(isSameProcess(identity), false);
  });

  it('does not take a recycled pid for the recorded process', () => {
    const identity = processIdentity(process.pid)!;
    assert.equal(isSameProcess({ ...identity, startedAt: `${identity.startedAt}0` }), false);
  });

  it('knows no process for a pid that cannot be one', () => {
    for (const pid of [0, -1, Number.NaN, 2 ** 30]) assert.equal(processIdentity(pid), undefined);
  });

  it('works through ps as well', () => {
    const identity = identityFromPs(process.pid);
    assert.ok(identity && identity.startedAt.length > 10);
    assert.deepEqual(identityFromPs(process.pid), identity);
    assert.equal(identityFromPs(2 ** 30), undefined);
  });

  it('lists command lines', () => {
    const own = runningCommands().find(({ pid }) => pid === process.pid);
    assert.match(own?.command ?? '', /mocha/);
  });
});
