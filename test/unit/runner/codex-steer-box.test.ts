import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { AppServerError, type AppServer } from '../../../src/runner/backends/codex/app-server.js';
import { SteerBox } from '../../../src/runner/backends/codex/steer-box.js';

const shown = (clientId: string) => ({ method: 'item/started', params: { item: { type: 'userMessage', clientId } } });

/** The steers of a running turn whose codex answers each with this error. */
function boxThatFails(error: Error): SteerBox {
  const server = { request: () => Promise.reject(error) } as unknown as AppServer;
  const box = new SteerBox(server, 'thread');
  box.open('turn');
  return box;
}

describe('a steer', () => {
  it('is too late at once when codex refuses it', async () => {
    const box = boxThatFails(new AppServerError(-32600, 'no active turn to steer'));
    assert.equal(await box.deliver('cmd', 'left'), 'too-late');
  });

  it('may still be delivered when codex only did not answer', async () => {
    const box = boxThatFails(new Error('codex did not answer turn/steer'));
    const delivery = box.deliver('cmd', 'left');
    await new Promise(setImmediate);
    box.see(shown('cmd'));
    assert.equal(await delivery, 'delivered');
  });

  it('that is neither shown nor refused is too late when the turn is over', async () => {
    const box = boxThatFails(new Error('codex did not answer turn/steer'));
    const delivery = box.deliver('cmd', 'left');
    await new Promise(setImmediate);
    box.close();
    assert.equal(await delivery, 'too-late');
  });
});
