import assert from 'node:assert/strict';
import type { RunFailureKind } from '../../../src/domain/failure-kinds.js';
import { CodexRunner, PROVIDER_KEY } from '../../support/codex-runner.js';
import { CODEX_FETCH_TIMEOUT_MS, codexForTests } from '../../support/codex.js';
import { text } from '../../support/mock-provider/answers.js';
import {
  aClosedPort,
  cutStream,
  hangs,
  httpError,
  overloaded,
  responseFailed,
  stalls,
  usageLimitReached,
} from '../../support/mock-provider/failures.js';
import type { Reply } from '../../support/mock-provider/reply.js';

/** Each with the words that a person gets, and one retry of each kind. */
const FAILURES: [what: string, reply: Reply, kind: RunFailureKind, words: RegExp][] = [
  [
    'a wrong key',
    httpError(401, { message: `bad key ${PROVIDER_KEY}` }),
    'provider-auth-failed',
    /401.*bad key \*\*\*/,
  ],
  ['a forbidden model', httpError(403), 'provider-auth-failed', /403/],
  ['too many requests', httpError(429, { code: 'rate_limit_exceeded' }), 'provider-rate-limited', /429/],
  ['a used-up account', usageLimitReached(), 'provider-rate-limited', /usage limit/i],
  ['a limit in the stream', responseFailed('rate_limit_exceeded'), 'provider-rate-limited', /rate_limit_exceeded/],
  ['a full context', responseFailed('context_length_exceeded'), 'context-overflow', /context/i],
  ['a bad request', httpError(400, { message: 'no such thing' }), 'backend-failed', /no such thing/],
  ['an unknown model', httpError(404, { code: 'model_not_found' }), 'backend-failed', /404|model/],
  ['a fault of the provider', httpError(500), 'provider-unavailable', /./],
  ['an absent provider', httpError(503), 'provider-unavailable', /503/],
  ['an overloaded provider', overloaded(), 'provider-unavailable', /overloaded/i],
  ['a stream that is cut', cutStream(), 'provider-stream-disconnected', /stream/],
  ['a provider that never answers', hangs(), 'provider-unavailable', /did not answer within 400 ms/],
  ['a stream that falls silent', stalls(), 'provider-stream-disconnected', /stream|idle/],
];

describe('a turn of codex whose provider fails', () => {
  let runner: CodexRunner;

  before(async function () {
    this.timeout(CODEX_FETCH_TIMEOUT_MS);
    await codexForTests();
  });

  it('ends with the kind of what went wrong, in bounded time, and the thread goes on', async function () {
    this.timeout(60_000);
    runner = await CodexRunner.create([]);
    runner.configure({ stream_idle_timeout_ms: 400 });
    const { manager, provider } = runner;
    void runner.start();
    const found: unknown[] = [];
    for (const [what, reply] of FAILURES) {
      provider.script(() => reply);
      const turn = manager.add('turn', what);
      await manager.ended(turn);
      const errors = runner.payloads('error', turn);
      found.push([what, turn.failureKind, turn.failureMessage, errors.at(-1)?.failureKind, errors.at(-1)?.willRetry]);
    }
    provider.script(() => text('Well again.'));
    const turn = manager.add('turn', 'now?');
    await manager.ended(turn);
    assert.equal(turn.failureMessage, null);
    assert.equal(turn.terminalStatus, 'completed');
    await runner.dispose();
    assert.deepEqual(
      found.map((one) => (one as unknown[]).slice(0, 2)),
      FAILURES.map(([what, , kind]) => [what, kind]),
    );
  });

  it('ends soon where nobody listens', async () => {
    runner = await CodexRunner.create([]);
    runner.configure({ base_url: await aClosedPort() });
    const { manager } = runner;
    const turn = manager.add('turn', 'anyone?');
    void runner.start();
    await manager.ended(turn);
    assert.equal(turn.failureKind, 'provider-unavailable');
    assert.match(turn.failureMessage ?? '', /127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)/);
    assert.equal(runner.payloads('backend_status').filter(({ phase }) => phase === 'provider/unreachable').length, 1);
    const final = runner.payloads('error', turn).filter(({ willRetry }) => willRetry === false);
    assert.deepEqual(
      final.map(({ message }) => message),
      [turn.failureMessage],
    );
    await runner.dispose();
  });

  it('is ended by the runner where codex would go on trying', async () => {
    runner = await CodexRunner.create([]);
    runner.manager.run.executionPolicy.idleTimeoutMs = 15_000;
    runner.configure({ base_url: await aClosedPort(), request_max_retries: 100, stream_max_retries: 100 });
    const { manager } = runner;
    const turn = manager.add('turn', 'anyone?');
    void runner.start();
    await manager.ended(turn, 40_000);
    assert.equal(turn.failureKind, 'provider-unavailable');
    assert.match(turn.failureMessage ?? '', /cannot be reached \(ECONNREFUSED\): given up after \d+ ms/);
    assert.equal(runner.payloads('error', turn).at(-1)?.message, turn.failureMessage);
    await runner.dispose();
  }).timeout(90_000);

  it('waits for a silent provider no longer than a part of the idle timeout', async () => {
    runner = await CodexRunner.create(() => hangs());
    runner.manager.run.executionPolicy.idleTimeoutMs = 15_000;
    const { manager } = runner;
    const turn = manager.add('turn', 'anyone?');
    void runner.start();
    await manager.ended(turn, 40_000);
    assert.equal(turn.failureKind, 'provider-unavailable');
    assert.match(turn.failureMessage ?? '', /did not answer within 5000 ms/);
    await runner.dispose();
  }).timeout(90_000);
});
