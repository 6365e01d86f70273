import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { endProcess, spawnServer, waitUntilReady, type ServerProcess } from '../../../src/processes/server-process.js';

export interface ServerSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

export type Starter = (spec: ServerSpec) => Promise<TestServer>;

/** One server of the test cluster, which may be taken away for a while. It does not outlive this process, however that ends. */
export class TestServer {
  private constructor(
    private readonly spec: ServerSpec,
    private readonly folder: string,
    private process: ServerProcess,
  ) {}

  static async start(spec: ServerSpec, folder: string): Promise<TestServer> {
    return new TestServer(spec, folder, await spawn(spec, folder));
  }

  get pid(): number {
    return this.process.pid;
  }

  async ready(probe: () => Promise<unknown>, timeoutMs: number): Promise<void> {
    await waitUntilReady(this.spec.name, this.process, probe, timeoutMs);
  }

  /** As when the machine's power is cut. */
  async kill(): Promise<void> {
    await endProcess(this.spec.name, this.process, [['SIGKILL', 5_000]]);
  }

  async startAgain(): Promise<void> {
    this.process = await spawn(this.spec, this.folder);
  }
}

/** The kernel ends it with its parent: this program, or what it is wrapped in. */
async function spawn({ name, command, args }: ServerSpec, folder: string): Promise<ServerProcess> {
  const logFile = join(folder, 'logs', `${name}.log`);
  return spawnServer({
    what: name,
    command: 'setpriv',
    args: ['--pdeathsig', 'KILL', '--', command, ...args],
    logFile,
  });
}

/** Asks a server of the cluster by a kubeconfig's token; fails unless it answers 200. */
export function answersOver(url: string, kubeconfig: string): () => Promise<string> {
  return async () => {
    const { users } = JSON.parse(await readFile(kubeconfig, 'utf8')) as { users: { user: { token: string } }[] };
    const headers = { authorization: `Bearer ${users[0]?.user.token}` };
    return new Promise<string>((resolve, reject) => {
      const asked = request(url, { headers, rejectUnauthorized: false, timeout: 5_000 }, (answer) => {
        if (answer.statusCode !== 200) reject(new Error(`HTTP ${answer.statusCode}`));
        resolve(text(answer));
      });
      asked.on('timeout', () => asked.destroy(new Error('no answer')));
      asked.on('error', reject);
      asked.end();
    });
  };
}
