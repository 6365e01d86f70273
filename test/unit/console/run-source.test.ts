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

  describe('read back from its end', () => {
    const numbered = (from: number, to: number) =>
      eventsOf(Array.from({ length: to }, () => ['assistant_message', { text: 'x' }] as const)).slice(from - 1);
    const seqs = ({ events }: { events: readonly EventRecord[] }) => events.map(({ seq }) => seq);

    /** Every page, the newest first. */
    async function pages() {
      const read = [await source.latest()];
      for (let older = read[0]!.older; older !== null; older = read.at(-1)!.older) {
        assert.ok(read.length < 10, 'it does not end');
        read.push(await source.before(older));
      }
      return read;
    }

    it('has each event once, to the first', async () => {
      api.events = numbered(1, 1_000);
      assert.deepEqual((await pages()).reverse().flatMap(seqs), seqs({ events: api.events }));
    });

    it('ends where retention has taken what was before, and has each event once', async () => {
      for (const oldest of [301, 500, 801, 900, 1_000]) {
        api.events = numbered(oldest, 1_000);
        const read = await pages();
        assert.deepEqual(read.reverse().flatMap(seqs), seqs({ events: api.events }), `from ${oldest}`);
      }
    });

    it('ends where all that an older page would have is past retention by now', async () => {
      api.events = numbered(1, 1_000);
      const { older } = await source.latest();
      api.events = numbered(801, 1_000);
      assert.deepEqual(await source.before(older!), { events: [], older: null });
    });
  });
});
