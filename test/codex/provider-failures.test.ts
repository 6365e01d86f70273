import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { AppServer } from '../support/app-server.js';
import { CODEX_FETCH_TIMEOUT_MS, codexForTests } from '../support/codex.js';
import { text } from '../support/mock-provider/answers.js';
import {
  aClosedPort,
  cutStream,
  hangs,
  httpError,
  overloaded,
  responseFailed,
  stalls,
  usageLimitReached,
} from '../support/mock-provider/failures.js';
import { heldText } from '../support/mock-provider/held-text.js';
import { startMockProvider, type MockProvider } from '../support/mock-provider.js';
import type { Reply } from '../support/mock-provider/reply.js';

const limited = { type: 'rate_limit_exceeded', code: 'rate_limit_exceeded', message: 'Rate limit reached' };

/** With one retry of each kind: a refusal that is retried asks twice, and one that is retried in both ways four times. */
const FAILURES: [what: string, reply: Reply, codexErrorInfo: unknown, requests: number][] = [
  ['a wrong key', httpError(401, { code: 'invalid_api_key' }), failedWith(401), 2],
  ['a forbidden model', httpError(403), failedWith(403), 2],
  ['too many requests', httpError(429, limited), { responseTooManyFailedAttempts: { httpStatusCode: 429 } }, 1],
  ['a used-up account', usageLimitReached(), 'usageLimitExceeded', 1],
  ['a used-up quota', responseFailed('insufficient_quota'), 'usageLimitExceeded', 1],
  ['a rate limit in the stream', responseFailed('rate_limit_exceeded'), 'rateLimitExceeded', 2],
  ['a full context', responseFailed('context_length_exceeded'), 'contextWindowExceeded', 1],
  ['a refused prompt', responseFailed('invalid_prompt'), 'other', 1],
  ['an unknown model', httpError(404, { code: 'model_not_found' }), 'modelNotFound', 1],
  ['a bad request', httpError(400), 'other', 1],
  ['a fault of the provider', httpError(500), 'internalServerError', 4],
  ['an absent provider', httpError(503), failedWith(503), 4],
  ['an overloaded provider', overloaded(), 'serverOverloaded', 2],
  ['a stream that is cut', cutStream(), 'other', 2],
  ['a stream that falls silent', stalls(), 'other', 2],
];

function failedWith(httpStatusCode: number) {
  return { httpConnectionFailed: { httpStatusCode } };
}

describe('what codex makes of the failures of a provider', function () {
  let provider: MockProvider;
  let codex: AppServer;

  before(async function () {
    this.timeout(CODEX_FETCH_TIMEOUT_MS);
    await codexForTests();
  });
  afterEach(async () => {
    await codex.stop();
    await provider.close();
  });

  for (const [what, reply, codexErrorInfo, requests] of FAILURES) {
    it(`tells ${what} by its error info`, async () => {
      provider = await startMockProvider(() => reply);
      codex = await AppServer.start(provider.baseUrl);
      const { status, error } = await codex.turn('go');
      assert.deepEqual([status, error.codexErrorInfo], ['failed', codexErrorInfo], JSON.stringify(error));
      assert.equal(provider.requests.length, requests);
      assert.equal(codex.of('error').at(-1).willRetry, false);
    });
  }

  it('goes on after a stream that was cut once', async () => {
    const held = heldText('half');
    provider = await startMockProvider([held.reply, text('whole')]);
    codex = await AppServer.start(provider.baseUrl);
    const turn = codex.turn('go');
    await held.started;
    held.cut();
    assert.equal((await turn).status, 'completed');
    assert.deepEqual(
      codex.completed('agentMessage').map((item) => item.text),
      ['whole'],
    );
  });

  it('never gives up on a provider that does not answer, nor on one that is not there', async () => {
    for (const isThere of [true, false]) {
      provider = await startMockProvider(() => hangs());
      codex = await AppServer.start(isThere ? provider.baseUrl : await aClosedPort());
      await codex.startTurn('go');
      // Longer than its idle timeout and all of its retries would take.
      await delay(4_000);
      assert.deepEqual(codex.of('turn/completed'), []);
      assert.equal(provider.requests.length, isThere ? 1 : 0);
      if (isThere) await codex.stop().then(() => provider.close());
    }
  });

  it('refuses a step that the script of a test does not have, so that the test fails soon', async () => {
    provider = await startMockProvider([]);
    codex = await AppServer.start(provider.baseUrl);
    const { error } = await codex.turn('go');
    assert.match(error.message, /no step left/);
    assert.deepEqual(provider.faults, ['request 0: the script of the test has no step left for it']);
  });
});
