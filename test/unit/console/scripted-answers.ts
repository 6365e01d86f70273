import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AgentRun } from '../../../src/client/index.js';

/** A manager, over HTTP, that answers each question with what `answer` makes of its address. The caller closes it. */
export class ScriptedAnswers {
  private constructor(
    private readonly server: Server,
    readonly client: AgentRun,
  ) {}

  static async listen(answer: (url: URL) => unknown): Promise<ScriptedAnswers> {
    const server = createServer(({ url = '/' }, response) => {
      const data = answer(new URL(url, 'http://manager.test'));
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ ok: true, data }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return new ScriptedAnswers(server, new AgentRun({ baseUrl: `http://127.0.0.1:${port}` }));
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
