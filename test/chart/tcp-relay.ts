import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { stopAtEnd } from '../support/shared.js';

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** Hands connections on, each to where `choose` says at that moment; one that it has no target for is refused. */
export class TcpRelay {
  readonly #sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly host: string,
  ) {}

  /** At any free port of an address of this machine. */
  static async listen(host: string, choose: () => Target | undefined): Promise<TcpRelay> {
    const server = createServer();
    const relay = new TcpRelay(server, host);
    server.on('connection', (socket) => relay.#pass(socket, choose()));
    server.listen(0, host);
    await once(server, 'listening');
    stopAtEnd(async () => relay.close());
    return relay;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #pass(from: Socket, target: Target | undefined): void {
    if (target === undefined) {
      from.resetAndDestroy();
      return;
    }
    const to = connect(target.port, target.host);
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroySoon();
      });
      one.pipe(other);
    }
  }
}
