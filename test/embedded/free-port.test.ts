import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, it } from 'mocha';
import { assertPortFree, freePorts, PortTaken } from '../../src/processes/free-port.js';

describe('free ports', () => {
  it('are different and can be listened on', async () => {
    const ports = await freePorts(20);
    assert.equal(new Set(ports).size, 20);
    for (const port of ports) {
      const server = createServer().listen(port, '127.0.0.1');
      await once(server, 'listening');
      server.close();
    }
  });

  it('are told apart from taken ones, by an error that names the port and who wants it', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await assert.rejects(assertPortFree(port, 'the thing'), (error: PortTaken) => {
      assert.ok(error instanceof PortTaken);
      assert.equal(error.port, port);
      assert.match(error.message, new RegExp(`^the thing: port ${port} on 127.0.0.1 is already in use`));
      return true;
    });
    server.close();
    await once(server, 'close');
    await assertPortFree(port, 'the thing');
  });
});
