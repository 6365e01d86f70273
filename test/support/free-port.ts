import { randomInt } from 'node:crypto';
import { assertPortFree, PortTaken } from '../../src/processes/free-port.js';

/** Below the ports that Linux gives to outgoing connections. */
const [FIRST, END] = [15_000, 32_000];

/**
 * A loopback port that is free and stays so until somebody asks for just this one. One that the kernel picks may be an outgoing connection's
 * own before it is listened on, or while its server is away.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, END);
    try {
      await assertPortFree(port, 'a test');
      return port;
    } catch (error) {
      if (!(error instanceof PortTaken)) throw error;
    }
  }
}
