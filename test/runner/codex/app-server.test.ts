import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { AppServer } from '../../../src/runner/backends/codex/app-server.js';
import { reactionTo } from '../../../src/runner/backends/codex/approvals.js';

const NOTHING = {
  onNotification: () => {},
  onRequest: () => ({ result: null }),
  onExit: () => {},
  onGarbage: () => {},
};

/** A program that answers its first question and goes when its input is closed. */
function start(answer: string) {
  const script = 'read -r question; printf "%s\\n" "$0"; echo answered >&2; read -r end';
  const child = spawn('/bin/sh', ['-c', script, answer], { stdio: 'pipe', detached: true });
  return { server: new AppServer(child, NOTHING), answered: once(child.stderr, 'data') };
}

describe('a request to codex', () => {
  it('is not given up while nobody reads what codex says', async () => {
    const { server, answered } = start('{"id":1,"result":"yes"}');
    server.pause();
    const answer = server.request('turn/start', {}, 50);
    await answered;
    await delay(200);
    server.resume();
    assert.equal(await answer, 'yes');
    server.end();
    await server.exited;
  });

  it('is given up when codex does not answer in time', async () => {
    const { server } = start('');
    await assert.rejects(server.request('turn/start', {}, 50), /did not answer turn\/start within 50 ms/);
    server.end();
    await server.exited;
  });
});

describe('a request of codex', () => {
  /** What a program that sends it hears, which it waits for. */
  async function answerTo(request: Record<string, unknown>): Promise<unknown> {
    const script =
      'printf "%s\\n" "$0"; read -r answer; printf \'{"method":"heard","params":%s}\\n\' "$answer"; read -r end';
    const child = spawn('/bin/sh', ['-c', script, JSON.stringify(request)], { stdio: 'pipe', detached: true });
    let server: AppServer | undefined;
    const heard = new Promise<unknown>((resolve, reject) => {
      server = new AppServer(child, {
        ...NOTHING,
        onNotification: ({ params }) => resolve(params),
        onRequest: (asked) => reactionTo(asked, 'never').answer,
        onGarbage: (line) => reject(new Error(`left without an answer: ${line}`)),
      });
    });
    const answer = await heard.finally(() => server?.end());
    await server?.exited;
    return answer;
  }

  it('is answered by its rule', async () => {
    const params = { command: ['rm', '-rf', '/'] };
    assert.deepEqual(await answerTo({ id: 7, method: 'execCommandApproval', params }), {
      id: 7,
      result: { decision: { denied: { rejection: 'declined' } } },
    });
  });

  for (const [method, params] of [
    ['execCommandApproval', { command: 'rm -rf /' }],
    ['item/tool/requestUserInput', { questions: { first: 'really?' } }],
    ['item/tool/requestUserInput', { questions: [null] }],
  ] as const) {
    it(`is answered with an error where its shape is another than is known: ${method} ${JSON.stringify(params)}`, async () => {
      const { id, error } = (await answerTo({ id: 'a', method, params })) as Record<string, Record<string, unknown>>;
      assert.deepEqual([id, error?.['code']], ['a', -32603]);
      assert.match(String(error?.['message']), new RegExp(`^${method} was not understood: `));
    });
  }
});
