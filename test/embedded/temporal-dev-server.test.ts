import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterEach, before, describe, it } from 'mocha';
import { PortTaken } from '../../src/processes/free-port.js';
import { processIdentity } from '../../src/processes/process-identity.js';
import { ServerStartFailed, waitForExit } from '../../src/processes/server-process.js';
import { freePort } from '../support/free-port.js';
import { startTemporalDevServer, type TemporalDevServerOptions } from '../../temporal-dev/dev-server.js';
import { resolveTemporalCli } from '../../temporal-dev/resolve-cli.js';
import { pathEnv, Scratch, sharedCacheDir, startProgram } from './scratch.js';

const NAMESPACE = 'agentrun-test';

async function attributes(address: string, namespace = NAMESPACE): Promise<Record<string, number>> {
  const connection = await Connection.connect({ address });
  try {
    return (await connection.operatorService.listSearchAttributes({ namespace })).customAttributes;
  } finally {
    await connection.close();
  }
}

/** Starts a workflow that nobody works on: it's there as long as the database is. */
async function startWorkflow(address: string, searchAttribute: string): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    const client = new Client({ connection, namespace: NAMESPACE });
    const options = { taskQueue: 'none', workflowId: 'kept', searchAttributes: { [searchAttribute]: ['x'] } };
    await client.workflow.start('any', options);
  } finally {
    await connection.close();
  }
}

async function hasWorkflow(address: string): Promise<boolean> {
  const connection = await Connection.connect({ address });
  try {
    const handle = new Client({ connection, namespace: NAMESPACE }).workflow.getHandle('kept');
    return (await handle.describe()).status.name === 'RUNNING';
  } finally {
    await connection.close();
  }
}

describe('the Temporal dev server', function () {
  this.timeout(60_000);
  const scratch = new Scratch();
  let cliPath: string;
  before(async function () {
    this.timeout(20 * 60_000);
    cliPath = (await resolveTemporalCli({ pathEnv, cacheDir: sharedCacheDir, onProgress: () => {} })).path;
  });
  afterEach(() => scratch.clean());

  const optionsIn = async (changes: Partial<TemporalDevServerOptions> = {}): Promise<TemporalDevServerOptions> => {
    const folder = await scratch.folder();
    const files = { dbFile: join(folder, 'temporal', 'temporal.db'), logFile: join(folder, 'logs', 'temporal.log') };
    const names = { namespace: NAMESPACE, searchAttributes: { AgentRunA: 'Keyword' } as const };
    return { cliPath, ...files, ...names, port: 0, uiPort: 0, onProgress: () => {}, ...changes };
  };
  const start = async (options: TemporalDevServerOptions) => {
    const server = await startTemporalDevServer(options);
    scratch.later(server.stop);
    return server;
  };

  it('starts with namespace, search attributes and UI, keeps its data, and is gone after stop', async () => {
    const options = await optionsIn();
    const first = await start(options);
    assert.equal(first.adopted, false);
    assert.equal((await fetch(first.uiUrl)).status, 200);
    await startWorkflow(first.address, 'AgentRunA');
    await first.stop();
    assert.equal(processIdentity(first.pid), undefined);
    const second = await start({ ...options, searchAttributes: { AgentRunA: 'Keyword', AgentRunB: 'Int' } });
    assert.ok(await hasWorkflow(second.address));
    assert.deepEqual(Object.keys(await attributes(second.address)).sort(), ['AgentRunA', 'AgentRunB'].sort());
  });

  it('is adopted after its manager was killed, and gets what it lacks', async () => {
    const options = await optionsIn();
    const manager = startProgram('run-temporal', options);
    scratch.later(manager.killGroup);
    const { pid } = await manager.next();
    await manager.killGroup();
    const adopted = await start({ ...options, namespace: 'other', searchAttributes: { AgentRunC: 'Datetime' } });
    assert.deepEqual({ pid: adopted.pid, adopted: adopted.adopted }, { pid, adopted: true });
    assert.ok('AgentRunC' in (await attributes(adopted.address, 'other')));
    await adopted.stop();
    assert.equal(processIdentity(adopted.pid), undefined);
  });

  it('is adopted even when its manager died before it could record it', async () => {
    const options = await optionsIn();
    const first = await start(options);
    await rm(`${options.dbFile}.server.json`);
    const adopted = await start(options);
    assert.deepEqual({ ...adopted, stop: null }, { ...first, adopted: true, stop: null });
  });

  it('moves to the wanted port when the survivor has another one', async () => {
    const options = await optionsIn();
    const first = await start(options);
    const port = await freePort();
    const second = await start({ ...options, port });
    assert.equal(second.address, `127.0.0.1:${port}`);
    assert.equal(second.adopted, false);
    assert.equal(processIdentity(first.pid), undefined);
  });

  it('ends with a manager that exits without stopping it', async () => {
    const manager = startProgram('run-temporal', await optionsIn({ dbFile: null }));
    scratch.later(manager.killGroup);
    const identity = processIdentity((await manager.next()).pid as number);
    manager.child.stdin!.end();
    await once(manager.child, 'exit');
    assert.ok(await waitForExit(identity!, 20_000));
  });

  it('says which port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    await assert.rejects(start(await optionsIn({ port })), PortTaken);
    await assert.rejects(start(await optionsIn({ uiPort: port })), /web UI: port \d+ .* already in use/);
    taken.close();
  });

  it('quotes the log of a program that dies at once', async () => {
    const dying = join(await scratch.folder(), 'dying');
    await writeFile(dying, '#!/bin/sh\necho something is missing\nexit 3\n');
    await chmod(dying, 0o755);
    await assert.rejects(start(await optionsIn({ cliPath: dying })), (error: Error) => {
      assert.ok(error instanceof ServerStartFailed);
      assert.match(error.message, /ended with exit code 3[^]*something is missing/);
      return true;
    });
    await assert.rejects(start(await optionsIn({ cliPath: '/nonexistent' })), /could not be started: .*ENOENT/);
  });

  it('refuses a search attribute that is registered with another kind', async () => {
    const options = await optionsIn();
    await (await start(options)).stop();
    const wrong = start({ ...options, searchAttributes: { AgentRunA: 'Int' } });
    await assert.rejects(wrong, /search attribute AgentRunA is registered as Keyword, but Int is wanted/);
  });
});
