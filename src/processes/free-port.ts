import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

const LOOPBACK = '127.0.0.1';

/** A fixed port that something else already listens on. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken';
  constructor(
    readonly port: number,
    what: string,
  ) {
    super(
      `${what}: port ${port} on ${LOOPBACK} is already in use by another program; stop that program, or choose another port (0 picks a free one)`,
    );
  }
}

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const [port] = (await freePorts(1)) as [number];
  return port;
}

/** `count` different loopback ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0)));
  try {
    return await Promise.all(servers.map(reserveBriefly));
  } finally {
    await Promise.all(servers.map(close));
  }
}

/** Throws `PortTaken` when the port cannot be listened on; `what` names the server that wants it. */
export async function assertPortFree(port: number, what: string): Promise<void> {
  try {
    await close(await listen(port));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw new PortTaken(port, what);
    throw error;
  }
}

/**
 * A connection closed from the server's side leaves the port in TIME_WAIT, and the kernel hands such a port to no one
 * who asks for a free one, while an explicit bind still gets it. So two processes that start at once rarely collide.
 */
async function reserveBriefly(server: Server): Promise<number> {
  const { port } = server.address() as AddressInfo;
  const client = connect(port, LOOPBACK);
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const [[socket]] = await Promise.all([accepted, once(client, 'connect')]);
  const closed = once(client, 'close');
  socket.end();
  client.resume();
  await closed;
  return port;
}

async function listen(port: number): Promise<Server> {
  const server = createServer();
  server.listen(port, LOOPBACK);
  await once(server, 'listening');
  return server;
}

async function close(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}
