import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { AppServer } from '../../../src/runner/backends/codex/app-server.js';

const NOTHING = {
  onNotification: () => {},
  onRequest: () => ({ result: null }),
  onExit: () => {},
  onGarbage: () => {},
};

/** A program that answers its first question and goes when its input is closed. */
function start(answer: string): AppServer {
  const script = 'read -r question; printf "%s\\n" "$0"; read -r end';
  return new AppServer(spawn('/bin/sh', ['-c', script, answer], { stdio: 'pipe', detached: true }), NOTHING);
}

describe('a request to codex', () => {
  it('is not given up while nobody reads what codex says', async () => {
    const server = start('{"id":1,"result":"yes"}');
    server.pause();
    const answer = server.request('turn/start', {}, 50);
    await delay(200);
    server.resume();
    assert.equal(await answer, 'yes');
    server.end();
    await server.exited;
  });

  it('is given up when codex does not answer in time', async () => {
    const server = start('');
    await assert.rejects(server.request('turn/start', {}, 50), /did not answer turn\/start within 50 ms/);
    server.end();
    await server.exited;
  });
});
