import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { fewAtOnce } from '../../src/webhooks/few-at-once.js';
import { createWebhookSender, type SenderOptions } from '../../src/webhooks/sender.js';
import { signatureHeaders } from '../../src/webhooks/sign.js';
import { targetPolicy } from '../../src/webhooks/target-policy.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const loopback = targetPolicy('127.0.0.0/8');

describe('sending to a webhook', () => {
  let receiver: WebhookReceiver;
  beforeEach(async () => {
    receiver = await startWebhookReceiver();
  });
  afterEach(async () => receiver.close());

  const message = (given: { url?: string; secret?: string; tenantId?: string } = {}) => ({
    url: receiver.url,
    tenantId: 'acme',
    secret: SECRET,
    id: 'dlv_1',
    body: '{"a":1}',
    ...given,
  });
  const send = async (given: { url?: string; secret?: string } = {}, options: SenderOptions = {}, policy = loopback) =>
    (await createWebhookSender(policy, options).send(message(given))) ?? assert.fail('nothing was sent');

  it('signs as the example that the implementations of the specification share', () => {
    const headers = signatureHeaders(SECRET, {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestamp: new Date(1_614_265_330_000),
      body: '{"test": 2432232314}',
    });
    assert.deepEqual(headers, {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('posts the body with a signature that its receiver can verify, by either kind of secret', async () => {
    for (const [secret, webhook] of [
      [SECRET, new Webhook(SECRET)],
      ['any twenty-four characters'.replaceAll(' ', '_'), undefined],
    ] as const) {
      const reply = await send({ secret });
      assert.deepEqual({ ...reply, latencyMs: 0 }, { statusCode: 204, error: null, latencyMs: 0, retryAfterMs: null });
      const { headers, body } = receiver.received.at(-1)!;
      const verifier = webhook ?? new Webhook(secret, { format: 'raw' });
      assert.deepEqual(verifier.verify(body, headers as Record<string, string>), { a: 1 });
      assert.throws(() => verifier.verify(`${body} `, headers as Record<string, string>), /No matching signature/);
      assert.match(headers['content-type'] ?? '', /^application\/json/);
      assert.equal(headers['webhook-id'], 'dlv_1');
    }
  });

  it('follows no redirect', async () => {
    receiver.answer((response) => response.writeHead(307, { location: `${receiver.url}/elsewhere` }).end());
    const { statusCode, error } = await send();
    assert.deepEqual([statusCode, error], [307, 'the receiver answered 307, and redirects are not followed']);
    assert.equal(receiver.received.length, 1);
  });

  it('tells how long the receiver wants to be left alone', async () => {
    const inAMinute = new Date(Date.now() + 60_000).toUTCString();
    for (const [header, least, most] of [
      ['120', 120_000, 120_000],
      [inAMinute, 50_000, 60_000],
    ] as const) {
      receiver.answer((response) => response.writeHead(503, { 'retry-after': header }).end());
      const { statusCode, retryAfterMs } = await send();
      assert.equal(statusCode, 503);
      assert.ok(retryAfterMs !== null && retryAfterMs >= least && retryAfterMs <= most, String(retryAfterMs));
    }
    for (const header of ['soon', '-1', new Date(0).toUTCString()]) {
      receiver.answer((response) => response.writeHead(503, { 'retry-after': header }).end());
      assert.equal((await send()).retryAfterMs, null);
    }
  });

  it('waits for an answer so long and no longer', async () => {
    receiver.answer(() => undefined);
    const { statusCode, error, latencyMs } = await send({}, { timeoutMs: 300 });
    assert.deepEqual([statusCode, error], [null, 'there was no answer within 0.3 s']);
    assert.ok(latencyMs >= 290 && latencyMs < 10_000, String(latencyMs));
  });

  it('takes the status of an answer that has no end, and reads it no further', async () => {
    let written = 0;
    receiver.answer((response) => {
      response.writeHead(200);
      const more = () => {
        if (response.destroyed) return;
        written += 65_536;
        response.write('x'.repeat(65_536), more);
      };
      more();
    });
    assert.equal((await send({}, { timeoutMs: 5_000 })).error, null);
    assert.ok(written < 20_000_000, String(written));
    receiver.answer((response) => response.writeHead(200).write('and then nothing'));
    assert.equal((await send({}, { timeoutMs: 3_000 })).error, null);
  });

  it('says in its own words what went wrong, and repeats nothing of what the other side said', async () => {
    receiver.answer((response) => response.socket?.destroy());
    assert.equal((await send()).error, 'the connection broke before there was an answer');
    receiver.answer((response) => response.writeHead(500, 'secret words').end('more secret words'));
    assert.equal((await send()).error, 'the receiver answered 500');
    const https = receiver.url.replace('http:', 'https:');
    assert.equal((await send({ url: https })).error, 'the host does not speak TLS');
    const gibberish = createServer((socket) => socket.resume().end('gibberish\r\n\r\n')).listen(0, '127.0.0.1');
    await new Promise((resolve) => gibberish.once('listening', resolve));
    const { port } = gibberish.address() as { port: number };
    assert.equal((await send({ url: `http://127.0.0.1:${port}` })).error, 'the answer was not HTTP');
    await new Promise((resolve) => gibberish.close(resolve));
    assert.equal((await send({ url: `http://127.0.0.1:${port}` })).error, 'the connection was refused');
    assert.equal((await send({ url: 'http://no-such-host.invalid/' })).error, "the host's name does not resolve");
  });

  it('goes to no address that is not public, however it is written', async () => {
    const { port } = receiver;
    const nowhere = targetPolicy();
    const hosts = [
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f.0.0.1',
      '0177.0.0.1',
      'localhost',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '0',
      '[::]',
    ];
    for (const host of hosts) {
      const url = `http://${host}:${port}/`;
      const { statusCode, error } = await send({ url }, {}, nowhere);
      assert.equal(statusCode, null, host);
      assert.match(error ?? '', /^the receiver is not at a public address/, host);
      assert.match(
        (await createWebhookSender(nowhere).whyRefused(url, 'acme')) ?? '',
        /^is not at a public address/,
        host,
      );
    }
    assert.deepEqual(receiver.received, []);
    assert.equal(await createWebhookSender(loopback).whyRefused(receiver.url, 'acme'), null);
    assert.equal(await createWebhookSender(nowhere).whyRefused('http://no-such-host.invalid/', 'acme'), null);
  });

  it('speaks to the address that was checked, whatever the name means a moment later', async () => {
    const checked = await startWebhookReceiver('127.0.0.2', receiver.port);
    try {
      const answers = ['127.0.0.2', '127.0.0.1'];
      const asked: string[] = [];
      const resolve = async (host: string) => {
        asked.push(host);
        return [{ address: answers.shift()!, family: 4 }];
      };
      const url = `http://rebind.example:${receiver.port}/`;
      const reply = await send({ url }, { resolve }, targetPolicy('127.0.0.2'));
      assert.equal(reply.error, null);
      assert.deepEqual([asked, checked.received.length, receiver.received.length], [['rebind.example'], 1, 0]);
      assert.equal(checked.received[0]?.headers.host, `rebind.example:${receiver.port}`);
      const again = await send({ url }, { resolve }, targetPolicy('127.0.0.2'));
      assert.match(again.error ?? '', /not at a public address/);
      assert.equal(receiver.received.length, 0);
    } finally {
      await checked.close();
    }
  });

  it('leaves out those addresses of a host that it may not reach', async () => {
    const resolve = async () => [
      { address: '10.0.0.1', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ];
    const reply = await send({ url: `http://two.example:${receiver.port}/` }, { resolve });
    assert.equal(reply.error, null);
  });

  it('keeps nobody waiting for a host that hangs: ten requests to it, ten of its tenant, and no more', async () => {
    const other = await startWebhookReceiver('127.0.0.2');
    try {
      receiver.answer(() => undefined);
      const sender = createWebhookSender(loopback, { timeoutMs: 10_000 });
      const hanging = Array.from({ length: 10 }, async () => sender.send(message()));
      await receiver.untilReceived(10);
      assert.equal(await sender.send(message()), undefined);
      // The host's limit, and the tenant's: one that hangs costs its tenant, and others who told of the same host.
      assert.equal(await sender.send(message({ tenantId: 'other' })), undefined);
      assert.equal(await sender.send(message({ url: other.url })), undefined);
      assert.equal((await sender.send(message({ tenantId: 'other', url: other.url })))?.error, null);
      for (const reply of await Promise.all(hanging)) assert.match(reply?.error ?? '', /no answer within/);
      receiver.answer(204);
      assert.equal((await sender.send(message()))?.error, null);
    } finally {
      await other.close();
    }
  });

  it('keeps nobody waiting for a name server that hangs; a look-up keeps the place of its tenant until it has ended', async () => {
    const hanging: (() => void)[] = [];
    const lookUp = async (host: string) => {
      if (host === 'hangs.example') await new Promise<void>((resolve) => hanging.push(resolve));
      return [{ address: '127.0.0.1', family: 4 }];
    };
    const options = { timeoutMs: 2_000, resolve: fewAtOnce({ all: 2, each: 1 }, lookUp) };
    const sender = createWebhookSender(loopback, options);
    const hangs = message({ url: `http://hangs.example:${receiver.port}/` });
    const good = { url: `http://good.example:${receiver.port}/`, tenantId: 'other' };
    const late = Array.from({ length: 10 }, async () => sender.send(hangs));
    assert.equal((await sender.send(message(good)))?.error, null);
    for (const reply of await Promise.all(late)) assert.match(reply?.error ?? '', /no answer within/);
    assert.equal(hanging.length, 1);
    // Nine have left the queue; the tenth is still looked up.
    const again = Array.from({ length: 10 }, async () => sender.send(hangs));
    const refused = (await Promise.all(again)).filter((reply) => reply === undefined);
    assert.equal(refused.length, 1);
    assert.equal((await sender.send(message(good)))?.error, null);
    hanging.shift()?.();
    assert.equal((await sender.send(message({ ...good, tenantId: 'acme' })))?.error, null);
  });
});
