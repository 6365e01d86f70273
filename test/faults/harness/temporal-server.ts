import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TemporalDevServer } from '../../../temporal-dev/dev-server.js';
import { connectTemporal, type TemporalLink } from '../../../src/temporal/connection.js';
import { quietRuntime } from '../../support/quiet-runtime.js';
import { startTemporalServer } from '../../support/temporal-server.js';

/** A Temporal of the suite's own, which can be killed or stopped and comes back on the same port. */
export class TemporalServer {
  readonly address: string;

  private constructor(
    private readonly folder: string,
    private server: TemporalDevServer,
    readonly link: TemporalLink,
  ) {
    this.address = server.address;
  }

  static async start(): Promise<TemporalServer> {
    quietRuntime();
    const folder = await mkdtemp(join(tmpdir(), 'agentrun-faults-temporal-'));
    const server = await startTemporalServer(folder);
    const link = connectTemporal({ address: server.address, namespace: 'default' });
    return new TemporalServer(folder, server, link);
  }

  get pid(): number {
    return this.server.pid;
  }

  async startAgain(): Promise<void> {
    this.server = await startTemporalServer(this.folder, Number(this.address.split(':')[1]));
  }

  async remove(): Promise<void> {
    await this.link.close();
    await this.server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
