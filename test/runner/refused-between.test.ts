import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RUNNER_VARIABLES } from '../../src/domain/runner-program.js';
import { RunnerFixture } from '../support/runner-fixture.js';
import type { ScriptedManager } from '../support/scripted-manager.js';

const LARGE = `head -c 1500000 /dev/zero | tr '\\0' x`;

/** As nginx, a gateway or a firewall answers in place of the manager: its own page, and no envelope. */
describe('the runner, where something between it and the manager refuses', () => {
  let fixture: RunnerFixture;
  let manager: ScriptedManager;
  let proxy: Server;
  let refusals: number;
  /** The status in whose name a request is refused. */
  let refuse: (request: IncomingMessage, body: string) => number | undefined;

  beforeEach(async () => {
    fixture = await RunnerFixture.create();
    manager = fixture.manager;
    refusals = 0;
    refuse = () => undefined;
    proxy = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks);
        const status = refuse(request, body.toString());
        if (status !== undefined) {
          refusals += 1;
          response.writeHead(status, { 'content-type': 'text/html' }).end(`<html><h1>${status}</h1></html>`);
          return;
        }
        const { method, headers } = request;
        const onward = httpRequest(`${manager.url}${request.url}`, { method, headers }, (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        });
        onward.on('error', () => response.destroy());
        onward.end(body);
      });
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
  });
  afterEach(async () => {
    refuse = () => undefined;
    await fixture.dispose();
    proxy.closeAllConnections();
    proxy.close();
    await once(proxy, 'close');
  });

  const start = () =>
    fixture.start({
      [RUNNER_VARIABLES.managerUrl]: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    });

  const beyond = (bytes: number) => (_request: IncomingMessage, body: string) =>
    Buffer.byteLength(body) > bytes ? 413 : undefined;

  it('sends all in smaller requests where it takes no large ones', async () => {
    refuse = beyond(150_000);
    const turn = manager.add('turn', LARGE);
    void start();
    await manager.ended(turn);
    assert.deepEqual([turn.terminalStatus, manager.output(turn.id).length], ['completed', 1_500_000]);
    assert.ok(refusals > 0);
  });

  it('says so in place of an event that is never taken, sends the others and tells how the turn ended', async () => {
    refuse = (_request, body) => (body.includes('<scr' + 'ipt>') ? 403 : undefined);
    const turn = manager.add('turn', "echo good; sleep 0.1; echo '<scr''ipt>' >&2; sleep 0.1; echo better");
    void start();
    await manager.ended(turn);
    assert.deepEqual([turn.terminalStatus, manager.output(turn.id)], ['completed', 'good\nbetter\n']);
    const stand = manager.events.find((event) => event.type === 'error');
    assert.match(String(stand?.payload['message']), /command_output was refused: HTTP 403/);
  });

  it('tells how a turn ended without the words that are never taken', async () => {
    refuse = (_request, body) => (body.includes('exit code 7') ? 403 : undefined);
    const turn = manager.add('turn', 'exit 7');
    void start();
    await manager.ended(turn);
    assert.deepEqual([turn.terminalStatus, turn.failureKind], ['failed', 'backend-failed']);
    assert.match(turn.failureMessage ?? '', /^what it says of its end was refused: HTTP 403/);
  });

  it('loses nothing to one that refuses everything for a while', async () => {
    let isShut = true;
    refuse = ({ url = '', method }) => (isShut && method === 'POST' && url.endsWith('/events') ? 403 : undefined);
    const turn = manager.add('turn', 'echo one; sleep 0.1; echo two >&2');
    void start();
    await manager.until(() => refusals > 6);
    isShut = false;
    await manager.ended(turn);
    assert.deepEqual([turn.terminalStatus, manager.output(turn.id)], ['completed', 'one\ntwo\n']);
    assert.deepEqual(
      manager.events.filter((event) => event.type === 'error'),
      [],
    );
  });

  it('asks again after an answer of 404 that is not of the manager’s', async () => {
    refuse = ({ url = '' }) => (url.endsWith('/events') && refusals < 2 ? 404 : undefined);
    const turn = manager.add('turn', 'echo through');
    void start();
    await manager.ended(turn);
    assert.equal(manager.output(turn.id), 'through\n');
  });
});
