import type { LookupAddress } from 'node:dns';
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { DELIVERY_LIMITS } from '../domain/webhook-delivery.js';
import type { WebhookMessage, WebhookReply, WebhookSender } from '../ports/webhook-sender.js';
import { failureWords } from './failure-words.js';
import type { Caller } from './few-at-once.js';
import { InFlight, type Leaves } from './in-flight.js';
import { reachableAddresses, systemResolve, TargetRefused, type Resolve } from './resolve-target.js';
import { retryAfterMs } from './retry-after.js';
import { signatureHeaders } from './sign.js';
import type { TargetPolicy } from './target-policy.js';

/** What is read of an answer's body, so that a polite receiver can end it; none of it is kept. */
const BODY_BYTES = 65_536;
/** Somebody waits for the answer meanwhile. */
const LOOK_MS = 2_000;

export interface SenderOptions {
  /** For one request, in milliseconds. */
  readonly timeoutMs?: number;
  /** By default as the machine does. */
  readonly resolve?: Resolve;
}

export function createWebhookSender(policy: TargetPolicy, options: SenderOptions = {}): WebhookSender {
  const { timeoutMs = DELIVERY_LIMITS.requestMs, resolve = systemResolve } = options;
  const inFlight = new InFlight();
  const addressesOf = async (url: string, caller: Caller) =>
    reachableAddresses(new URL(url), policy, async (host) => resolve(host, caller));
  return {
    async whyRefused(url, tenantId) {
      try {
        await within(LOOK_MS, async (signal) => addressesOf(url, { tenantId, signal }));
      } catch (error) {
        if (error instanceof TargetRefused) return error.message;
      }
      return null;
    },

    send: async (message) => {
      const whose = { host: new URL(message.url).host, tenantId: message.tenantId };
      return inFlight.unlessFull(whose, async (leaves) => sendOne(message, leaves));
    },
  };

  async function sendOne(message: WebhookMessage, leaves: Leaves): Promise<WebhookReply> {
    const began = performance.now();
    const latencyMs = () => Math.round(performance.now() - began);
    try {
      const answer = await within(timeoutMs, async (signal) => {
        const addresses = addressesOf(message.url, { tenantId: message.tenantId, signal });
        leaves(addresses);
        return respond(message, { lookup: only(await addresses), signal });
      });
      const reply = replyOf(answer, latencyMs());
      await discard(answer);
      return reply;
    } catch (error) {
      const words = failureWords(error, timeoutMs);
      return { statusCode: null, error: words, latencyMs: latencyMs(), retryAfterMs: null };
    }
  }
}

/** Whatever in it does not heed the signal is not waited for. */
async function within<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(ms);
  const over = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  over.catch(() => undefined);
  return Promise.race([work(signal), over]);
}

/** Looks nothing up: answers the addresses that were checked, so that no other can take their place. */
function only(addresses: LookupAddress[]): LookupFunction {
  return (_host, { all }, answer) => {
    const [first] = addresses;
    if (all === true) answer(null, addresses);
    else answer(null, first?.address ?? '', first?.family);
  };
}

/** Resolves when the answer begins. Nothing is followed, and no connection is kept. */
function respond({ url, secret, id, body }: WebhookMessage, options: RequestOptions): Promise<IncomingMessage> {
  const target = new URL(url);
  const request = target.protocol === 'https:' ? requestHttps : requestHttp;
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'user-agent': 'AgentRun-Webhooks',
    ...signatureHeaders(secret, { id, timestamp: new Date(), body }),
  };
  return new Promise((resolve, reject) => {
    request(target, { ...options, method: 'POST', headers, agent: false }, resolve)
      .on('error', reject)
      .end(body);
  });
}

function replyOf({ statusCode = 0, headers }: IncomingMessage, latencyMs: number): WebhookReply {
  const redirected = statusCode >= 300 && statusCode < 400 ? ', and redirects are not followed' : '';
  const isSuccess = statusCode >= 200 && statusCode < 300;
  return {
    statusCode,
    error: isSuccess ? null : `the receiver answered ${statusCode}${redirected}`,
    latencyMs,
    retryAfterMs: isSuccess ? null : retryAfterMs(headers['retry-after'], Date.now()),
  };
}

/** The status says it all: how the body goes on, or breaks, or is cut off by the request's signal, changes nothing. */
async function discard(answer: IncomingMessage): Promise<void> {
  let bytes = 0;
  try {
    for await (const chunk of answer) {
      bytes += (chunk as Buffer).length;
      if (bytes > BODY_BYTES) break;
    }
  } catch {
    // It was only read out of politeness.
  } finally {
    answer.destroy();
  }
}
