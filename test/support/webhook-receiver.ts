import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from './eventually.js';

export interface ReceivedWebhook {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** As it came, for a signature is made over that. */
  readonly body: string;
  readonly atMs: number;
}

/** How one request is answered: with a status, or as the test wants. */
type Answer = number | ((response: ServerResponse) => void);

/** Somebody who is told of tasks' ends, on a loopback address. Answers 204 unless the test says otherwise. */
export interface WebhookReceiver {
  readonly url: string;
  readonly port: number;
  readonly received: readonly ReceivedWebhook[];
  /** The answers to the next requests; the last one goes on. */
  answer(...answers: Answer[]): void;
  /** Waits until so many requests have arrived, and answers the last of them. */
  untilReceived(count: number, timeoutMs?: number): Promise<ReceivedWebhook>;
  close(): Promise<void>;
}

export async function startWebhookReceiver(host = '127.0.0.1', port = 0): Promise<WebhookReceiver> {
  const received: ReceivedWebhook[] = [];
  let answers: Answer[] = [204];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    // Senders that give up leave in the middle.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    request.on('end', () => {
      const { url: path = '', headers } = request;
      received.push({ path, headers, body: Buffer.concat(chunks).toString('utf8'), atMs: Date.now() });
      const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
      if (typeof answer === 'number') response.writeHead(answer).end();
      else answer(response);
    });
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  const at = server.address() as AddressInfo;
  return {
    url: `http://${host}:${at.port}/hooks`,
    port: at.port,
    received,
    answer: (...given) => {
      answers = given;
    },
    untilReceived: async (count, timeoutMs) =>
      eventually(`${count} requests at the receiver`, () => received[count - 1], timeoutMs),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
