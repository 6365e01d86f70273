import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AgentRun } from '../../../src/client/index.js';
import { runSource, type ConversationSource } from '../../../src/console/api/conversation-source.js';
import type { EventRecord } from '../../../src/contract/event.js';
import { eventsOf } from './events.js';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Record<string, unknown>;
}

/** What a run's transcript asks of the API, answered by the test. */
class RunApi {
  readonly commands: Record<string, unknown>[] = [];
  /** Those that retention has left. */
  events: EventRecord[] = [];
  isTurnLive = false;
  /** The command is taken, and its answer lost. */
  losesAnswer = false;
  readonly #server: Server = createServer((message, response) => {
    void readRequest(message).then((asked) => {
      const data = this.#answer(asked);
      if (asked.method === 'POST' && this.losesAnswer) return response.destroy();
      return response.setHeader('content-type', 'application/json').end(JSON.stringify({ ok: true, data }));
    });
  });

  async start(): Promise<ConversationSource> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const { port } = this.#server.address() as AddressInfo;
    return runSource(new AgentRun({ baseUrl: `http://127.0.0.1:${port}` }), 'run_1');
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer({ method, path, query, body }: Asked): unknown {
    if (method === 'POST') {
      this.commands.push(body);
      return { id: 'cmd_1' };
    }
    if (path.endsWith('/result')) return { lastSeq: this.events.at(-1)?.seq ?? 0 };
    if (path.endsWith('/commands')) return { items: this.isTurnLive ? [{ type: 'turn', state: 'acknowledged' }] : [] };
    const afterSeq = Number(query.get('afterSeq'));
    return { items: this.events.filter(({ seq }) => seq > afterSeq).slice(0, Number(query.get('limit'))) };
  }
}

async function readRequest(message: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const { pathname: path, searchParams: query } = new URL(message.url ?? '/', 'http://run.test');
  const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  return { method: message.method ?? 'GET', path, query, body };
}

describe('the transcript of a run', () => {
  let api: RunApi;
  let source: ConversationSource;

  beforeEach(async () => {
    api = new RunApi();
    source = await api.start();
  });
  afterEach(() => api.stop());

  describe('what is said again with the same key', () => {
    it('is what it was the first time, though the turn that it was to steer has ended meanwhile', async () => {
      Object.assign(api, { isTurnLive: true, losesAnswer: true });
      await assert.rejects(source.send('go left', 'key-1'));
      Object.assign(api, { isTurnLive: false, losesAnswer: false });
      assert.equal((await source.send('go left', 'key-1')).decision, 'steer');
      assert.deepEqual(api.commands[1], api.commands[0]);
    });

    it('says nothing of what is said with another', async () => {
      Object.assign(api, { isTurnLive: true, losesAnswer: true });
      await assert.rejects(source.send('go left', 'key-1'));
      Object.assign(api, { isTurnLive: false, losesAnswer: false });
      assert.equal((await source.send('go right', 'key-2')).decision, 'turn');
    });
  });
});
