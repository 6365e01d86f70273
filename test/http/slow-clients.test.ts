import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Failure } from '../../src/contract/envelope.js';
import { limitedServer, type ConnectionLimits } from '../../src/http/limited-server.js';
import { validated } from '../../src/http/validation/validate.js';

/** As an installation has them, in hundredths. */
const QUICK = { headersMs: 150, requestMs: 600, silenceMs: 1_200, keepAliveMs: 750, checkMs: 50 };

describe('a client that is slow on purpose', () => {
  let server: Server;
  let sockets: Socket[];
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  async function listen(limits: Partial<ConnectionLimits> = {}, handle: RequestListener = whole): Promise<void> {
    sockets = [];
    server = limitedServer(handle, { ...QUICK, ...limits });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }

  /** What a socket is told until the other side closes it, and for how long it was open. */
  async function told(socket: Socket): Promise<{ text: string; openMs: number }> {
    const began = performance.now();
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    await once(socket, 'close');
    return { text, openMs: performance.now() - began };
  }

  async function open(): Promise<Socket> {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  /** Sends a piece each 20 ms, for as long as it may. */
  function drip(socket: Socket, piece: () => string): void {
    const timer = setInterval(() => socket.write(piece()), 20);
    socket.once('close', () => clearInterval(timer));
  }

  function refusalIn(text: string, status: number, field: string): void {
    const [head = '', body = ''] = text.split('\r\n\r\n');
    assert.match(head, new RegExp(`^HTTP/1.1 ${status} `));
    assert.equal(validated(Failure, JSON.parse(body)).error.details['field'], field);
  }

  it('is told 408 when its headers do not come to an end, however busily it sends', async () => {
    await listen();
    const socket = await open();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
    let line = 0;
    drip(socket, () => `X-${(line += 1)}: y\r\n`);
    const { text, openMs } = await told(socket);
    refusalIn(text, 408, 'request');
    assert.ok(openMs < 15_000, `${openMs} ms`);
  });

  it('is told 408 when its body does not come to an end', async () => {
    await listen();
    const socket = await open();
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n');
    drip(socket, () => 'x');
    const { text, openMs } = await told(socket);
    refusalIn(text, 408, 'request');
    assert.ok(openMs < 15_000, `${openMs} ms`);
  });

  it('is cut off when it says nothing at all', async () => {
    await listen();
    const { openMs } = await told(await open());
    assert.ok(openMs < 15_000, `${openMs} ms`);
  });

  it('is cut off when it does not take its answer', async () => {
    let closed = 0;
    await listen({}, (_request, response) => {
      response.once('close', () => (closed += 1));
      const more = (): void => {
        if (response.write('x'.repeat(65_536))) setImmediate(more);
        else response.once('drain', more);
      };
      more();
    });
    const socket = await open();
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    while (closed === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(closed, 1);
  });

  it('does not keep others from being answered, while hundreds of it are connected', async () => {
    await listen({ headersMs: 10_000, requestMs: 20_000 });
    const slow = await Promise.all(Array.from({ length: 300 }, open));
    for (const socket of slow) socket.write('GET / HTTP/1.1\r\nX-Slow: ');
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
      method: 'POST',
      body: 'b',
    });
    assert.equal(await response.text(), 'took 1');
  });

  it('finds the door closed where as many are connected as the server takes', async () => {
    await listen({ connections: 3, headersMs: 10_000, requestMs: 20_000 });
    const first = await Promise.all([open(), open(), open()]);
    const { text } = await told(await open());
    assert.equal(text, '');
    first[0].write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    assert.match((await told(first[0])).text, /^HTTP\/1\.1 200 /);
    const next = await open();
    next.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    assert.match((await told(next)).text, /^HTTP\/1\.1 200 /);
  });

  it('is told 431 for headers without end, and 400 for what is not HTTP', async () => {
    await listen({ headersMs: 10_000, requestMs: 20_000 });
    const large = await open();
    large.write(`GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'y'.repeat(20_000)}\r\n\r\n`);
    refusalIn((await told(large)).text, 431, 'headers');
    const strange = await open();
    strange.write('\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n');
    refusalIn((await told(strange)).text, 400, 'request');
  });

  it('smuggles no second request in the body of the first', async () => {
    await listen({ headersMs: 10_000, requestMs: 20_000 });
    for (const heads of [
      'Content-Length: 3\r\nTransfer-Encoding: chunked',
      'Content-Length: 3\r\nContent-Length: 4',
      'Transfer-Encoding: xchunked',
    ]) {
      const socket = await open();
      socket.write(`POST / HTTP/1.1\r\nHost: x\r\n${heads}\r\n\r\n0\r\n\r\nGET /two HTTP/1.1\r\nHost: x\r\n\r\n`);
      refusalIn((await told(socket)).text, 400, 'request');
    }
  });
});

const whole: RequestListener = (request, response) => {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('end', () => response.end(`took ${bytes}`));
};
