import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from './eventually.js';
import { httpError } from './mock-provider/failures.js';
import { ResponseStream } from './mock-provider/response-stream.js';
import type { Reply, Script } from './mock-provider/reply.js';
import type { ReceivedRequest } from './mock-provider/wire.js';

/**
 * A model provider on 127.0.0.1 that speaks the Responses API over server-sent events, as far as an agent asks for it. What
 * it answers is the test's script; what it was asked is kept.
 */
export interface MockProvider {
  /** What an agent's `base_url` is: `http://127.0.0.1:<port>/v1`. */
  readonly baseUrl: string;
  /** Each `POST /v1/responses` so far, in the order of arrival. */
  readonly requests: readonly ReceivedRequest[];
  /** Everything else that was asked for (answered 404), as `GET /v1/models`. */
  readonly strays: readonly string[];
  /** What went wrong in a script of the test: a step too few, a tool the agent does not offer. Empty in a good test. */
  readonly faults: readonly string[];
  /** What was said and heard before, as the request number `index` repeats it: see `conversationOf`. */
  conversation(index: number): string[];
  /** Waits until so many requests have arrived, and returns the last of them. @throws when they do not come in time */
  received(count: number, timeoutMs?: number): Promise<ReceivedRequest>;
  /** From now on this is the script; steps left of the old one are dropped. */
  script(script: Script): void;
  /** Ends every connection at once. */
  close(): Promise<void>;
}

const DEFAULT_WAIT_MS = 60_000;

/** Starts one; the caller closes it. */
export async function startMockProvider(script: Script): Promise<MockProvider> {
  const requests: ReceivedRequest[] = [];
  const strays: string[] = [];
  const faults: string[] = [];
  let next = replier(script);

  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    // An agent that is ended or interrupted leaves in the middle: not an error of the provider.
    incoming.on('error', () => {});
    outgoing.on('error', () => {});
    incoming.on('end', () => {
      const route = `${incoming.method} ${incoming.url}`;
      if (route !== 'POST /v1/responses') {
        strays.push(route);
        outgoing.writeHead(404, { 'content-type': 'application/json' }).end('{"error":{"message":"not found"}}');
        return;
      }
      const request = toRequest(requests.length, incoming.headers, Buffer.concat(chunks).toString('utf8'));
      requests.push(request);
      const stream = new ResponseStream(request, outgoing);
      (async () => (await next(request))(stream))().catch((error: unknown) => {
        const fault = `request ${request.index}: ${(error as Error).message}`;
        faults.push(fault);
        if (outgoing.headersSent) outgoing.destroy();
        // A refusal that agents do not repeat, so that the test fails soon and its agent says why.
        else void httpError(400, { message: fault })(stream);
      });
    });
  });
  const { port } = await listening(server);

  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    strays,
    faults,
    conversation: (index) => conversationOf(requests[index]!),
    received: async (count, timeoutMs = DEFAULT_WAIT_MS) => {
      return eventually(`request ${count} at the provider`, () => requests[count - 1], timeoutMs);
    },
    script: (script) => (next = replier(script)),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A list is used up step by step. */
function replier(script: Script): (request: ReceivedRequest) => Reply | Promise<Reply> {
  if (typeof script === 'function') return (request) => script(request, request.index);
  const steps = [...script];
  return () => {
    const step = steps.shift();
    if (!step) throw new Error('the script of the test has no step left for it');
    return step;
  };
}

async function listening(server: Server): Promise<AddressInfo> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server.address() as AddressInfo;
}

function toRequest(index: number, headers: IncomingHttpHeaders, body: string): ReceivedRequest {
  return { index, receivedAtMs: performance.now(), headers, body: JSON.parse(body) as ReceivedRequest['body'] };
}

/** The messages and tool outputs in a request's `input`, one line each: `user: …`, `assistant: …`, `tool: …`. */
function conversationOf({ body }: ReceivedRequest): string[] {
  return body.input.flatMap((item) => {
    if (item.type === 'message') {
      const content = item.content as { text?: string }[];
      return content.map((part) => `${item.role as string}: ${part.text ?? ''}`);
    }
    if (!item.type.endsWith('_call_output')) return [];
    const output = item.output as string | { text?: string }[];
    return [`tool: ${typeof output === 'string' ? output : output.map((part) => part.text ?? '').join('')}`];
  });
}
