import {
  Client,
  Connection,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
  type GrpcRetryOptions,
  type TLSConfig,
  type WorkflowClientInterceptor,
} from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { setTimeout as delay } from 'node:timers/promises';
import { unavailable } from '../domain/errors.js';
import { whyRefused, whyUnusable } from './why-refused.js';

/** How a server is spoken to that is not open to everybody: in the clear, and by nobody in particular, where both are absent. */
export interface TemporalAccess {
  readonly tls?: TLSConfig;
  /** Sent with each call as a bearer token. */
  readonly apiKey?: string;
}

export interface TemporalSettings {
  readonly address: string;
  readonly namespace: string;
  readonly access?: TemporalAccess;
  /** What encrypts; nothing is when absent. */
  readonly dataConverter?: DataConverter | undefined;
  /** What stands between callers and the client, to tell of calls. */
  readonly interceptors?: readonly WorkflowClientInterceptor[];
}

/** How long a call may look for a server that is down, in milliseconds. The SDK's own default retries for 21 s. */
const RETRY = { maxAttempts: 5, factor: 1.7, initialIntervalMs: () => 100, maxIntervalMs: () => 500 };

/** Timers may fire in another order than they are due. */
const TIMER_SLACK_MS = 20;

export interface TemporalLink {
  readonly connection: Connection;
  readonly client: Client;
  /** For a worker beside it, as what follows. */
  readonly access: TemporalAccess;
  /** What encrypts; undefined where nothing does. */
  readonly dataConverter: DataConverter | undefined;
  /** Closes the connection; a call that is under way then fails and is not tried again. */
  close(): Promise<void>;
}

/** A client that finds out within about 1.5 s that Temporal is down. Connects when first used; close it at the end. */
export function connectTemporal(settings: TemporalSettings): TemporalLink {
  const { address, namespace, access = {}, dataConverter, interceptors = [] } = settings;
  const retries = endableRetries();
  const connection = Connection.lazy({
    address,
    ...access,
    connectTimeout: '1.5s',
    interceptors: [makeGrpcRetryInterceptor(retries.options)],
    channelArgs: {
      'grpc.keepalive_permit_without_calls': 1,
      // Temporal's frontend takes pings each ten seconds at most.
      'grpc.keepalive_time_ms': 15_000,
      'grpc.keepalive_timeout_ms': 5_000,
      // After an outage, look again soon.
      'grpc.initial_reconnect_backoff_ms': 200,
      'grpc.max_reconnect_backoff_ms': 1_000,
    },
  });
  const close = async () => {
    await retries.end();
    await connection.close();
  };
  return {
    connection,
    client: new Client({ connection, namespace, dataConverter, interceptors: { workflow: [...interceptors] } }),
    access,
    dataConverter,
    close,
  };
}

/** A retry on a closed connection throws out of a timer of the SDK's, where nobody can catch it: none may be due then. */
function endableRetries(): { options: GrpcRetryOptions; end: () => Promise<void> } {
  const { retryableDecider, delayFunction } = defaultGrpcRetryOptions(RETRY);
  let isEnded = false;
  let lastDueAtMs = 0;
  return {
    options: {
      retryableDecider: (attempt, status) =>
        !isEnded && whyRefused(status) === undefined && retryableDecider(attempt, status),
      delayFunction: (attempt, status) => {
        const delayMs = delayFunction(attempt, status);
        lastDueAtMs = Math.max(lastDueAtMs, performance.now() + delayMs);
        return delayMs;
      },
    },
    end: async () => {
      isEnded = true;
      const leftMs = lastDueAtMs - performance.now();
      if (leftMs > 0) await delay(leftMs + TIMER_SLACK_MS);
    },
  };
}

/**
 * Waits until the namespace answers.
 * @throws unavailable('temporal') after `timeoutMs`; at once where waiting helps nothing, as with a certificate that is not trusted.
 */
export async function awaitTemporal(client: Client, namespace: string, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      await client.connection.workflowService.describeNamespace({ namespace });
      return;
    } catch (error) {
      const isLost = whyRefused(error) !== undefined;
      if (isLost || Date.now() >= deadline) throw unavailable('temporal', error, whyUnusable(error));
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
