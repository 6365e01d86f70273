import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TemporalDevServer } from '../../temporal-dev/dev-server.js';
import { Api, eventually } from './api.js';
import { startTemporalServer } from './temporal-server.js';
import { startTestManager, type TestManager } from './test-manager.js';

/** A refused connection is found in 1.5 s; the rest is for a busy machine, below the 21 s of Temporal's client. */
const SOON_MS = 15_000;

/** A manager over a Temporal of its own, which can go and come back. */
export class TemporalDown {
  private constructor(
    private readonly folder: string,
    private server: TemporalDevServer,
    readonly manager: TestManager,
    readonly api: Api,
  ) {}

  static async start(settings: Record<string, string> = {}): Promise<TemporalDown> {
    const folder = await mkdtemp(join(tmpdir(), 'agentrun-temporal-down-'));
    const server = await startTemporalServer(folder);
    const manager = await startTestManager(settings, { temporal: { address: server.address, namespace: 'default' } });
    return new TemporalDown(folder, server, manager, new Api(manager.url, manager.operatorToken));
  }

  lose(): void {
    process.kill(this.server.pid, 'SIGKILL');
  }

  /** Resolves when the manager has found it again. */
  async recover(): Promise<void> {
    this.server = await startTemporalServer(this.folder, Number(this.server.address.split(':')[1]));
    await eventually(
      async () => this.api.request('GET', '/health/readiness'),
      ({ status }) => status === 200,
      60_000,
    );
  }

  /** The request is answered by 503, soon. Answers its message. */
  async refuses(method: string, path: string, body?: unknown): Promise<string> {
    const askedAt = Date.now();
    const { status, body: answer } = await this.api.request(method, path, body);
    assert.deepEqual([status, answer.failureKind], [503, 'infra-failed'], `${method} ${path}`);
    assert.ok(Date.now() - askedAt < SOON_MS, `${method} ${path} took ${Date.now() - askedAt} ms`);
    return String(answer.message);
  }

  async stop(): Promise<void> {
    await this.manager.stop();
    await this.server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
