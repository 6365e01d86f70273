import assert from 'node:assert/strict';
import { UpStack } from '../support/cli.js';

describe('agentrun queue, against `agentrun up`', function () {
  this.timeout(60_000);
  let stack: UpStack;

  before(async function () {
    this.timeout(120_000);
    stack = await UpStack.start();
  });
  after(() => stack.remove());

  const row = async (...args: string[]) => {
    const { code, stdout, stderr } = await stack.run(...args);
    assert.equal(code, 0, stderr);
    return stdout.trimEnd().split('\t');
  };

  it('changes what it names, and leaves the rest', async () => {
    assert.deepEqual((await row('queue', 'limit', 'nightly', '3')).slice(0, 5), [
      'nightly',
      'open',
      '3',
      '10000',
      'manual',
    ]);
    assert.deepEqual((await row('queue', 'pause', 'nightly')).slice(1, 3), ['paused', '3']);
    assert.deepEqual((await row('queue', 'limit', 'nightly', '--max-pending', '7')).slice(1, 4), ['paused', '3', '7']);
    assert.deepEqual((await row('queue', 'auto-dispatch', 'nightly', 'on')).slice(1, 5), ['paused', '3', '7', 'auto']);
    assert.deepEqual((await row('queue', 'resume', 'nightly')).slice(1, 3), ['open', '3']);
    const listed = await stack.json('queue', 'list');
    const nightly = listed.find(({ name }: { name: string }) => name === 'nightly');
    assert.deepEqual(
      [nightly.concurrency, nightly.paused, nightly.autoDispatch, nightly.maxPending],
      [3, false, true, 7],
    );
  });

  it('shares slots by weights: those not named keep theirs, and 1 is forgotten', async () => {
    await row('queue', 'weights', 'shared', 'acme=3', 'globex=2');
    assert.deepEqual((await stack.json('queue', 'weights', 'shared', 'initech=4', 'globex=1')).weights, {
      acme: 3,
      initech: 4,
    });
  });

  it('holds tasks of a paused queue back, says so, and lets them go', async () => {
    await row('queue', 'pause', 'held');
    const { id } = await stack.json('task', 'create', 'echo out', '--backend', 'exec', '--queue', 'held', '--dispatch');
    const watch = stack.spawn('task', 'watch', id);
    await watch.printed(/waits for a slot/);
    assert.match((await stack.json('task', 'show', id)).diagnosis, /queue held is paused/);
    const stats = await stack.json('queue', 'stats', 'held');
    assert.deepEqual([stats.counts.pending, stats.settings.paused, stats.oldestPendingTaskId], [1, true, id]);
    await row('queue', 'resume', 'held');
    assert.equal((await watch.ended).code, 0);
    const { stdout } = await stack.run('queue', 'stats', 'held');
    const numbers = new Map(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t') as [string, string]),
    );
    assert.deepEqual(
      ['queue', 'completed', 'pending', 'slots', 'slots.used'].map((name) => numbers.get(name)),
      ['held', '1', '0', '10', '0'],
    );
  });

  it('caps tenants, one cap at a time, shows what they used, and takes caps away', async () => {
    const set = await row('queue', 'budget', 'acme', '--max-tokens', '5M');
    assert.deepEqual(set.slice(0, 7), ['acme', 'open', 'day', '0', '5000000', '0', '']);
    const also = await stack.json('queue', 'budget', 'acme', '--max-time', '2h', '--period', 'month');
    assert.deepEqual([also.maxTokens, also.maxWallTimeMs, also.period], [5_000_000, 7_200_000, 'month']);
    const less = await stack.json('queue', 'budget', 'acme', '--max-tokens', 'none');
    assert.deepEqual([less.maxTokens, less.maxWallTimeMs, less.period], [null, 7_200_000, 'month']);
    assert.deepEqual(await stack.json('queue', 'budget', 'acme'), less);
    assert.deepEqual(await stack.json('queue', 'budget'), [less]);
    const unnamed = await stack.run('queue', 'budget', '--max-tokens', '5M');
    assert.deepEqual([unnamed.code, /name the tenant/.test(unnamed.stderr)], [2, true]);
    const wrong = await stack.run('queue', 'budget', 'acme', '--max-time', 'soon');
    assert.deepEqual([wrong.code, /--max-time/.test(wrong.stderr)], [2, true]);
    assert.deepEqual(await row('queue', 'budget', 'acme', '--remove'), ['acme', 'no-caps']);
    const gone = await stack.run('queue', 'budget', 'acme');
    assert.deepEqual([gone.code, /acme/.test(gone.stderr)], [1, true]);
    assert.deepEqual(await stack.json('queue', 'budget'), []);
  });

  it('names the field of what the manager refuses', async () => {
    const { code, stderr } = await stack.run('queue', 'limit', 'nightly', '100000');
    assert.equal(code, 1);
    assert.match(stderr, /concurrency/);
  });
});
