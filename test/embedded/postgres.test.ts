import assert from 'node:assert/strict';
import { once } from 'node:events';
import { access, appendFile, chmod, chown, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { afterEach, describe, it } from 'mocha';
import pg from 'pg';
import { PortTaken } from '../../src/processes/free-port.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/embedded/postgres.js';
import { processIdentity } from '../../src/processes/process-identity.js';
import { ServerStartFailed, waitForExit } from '../../src/processes/server-process.js';
import { freePort } from '../support/free-port.js';
import { isRoot, recorder, Scratch, startProgram } from './scratch.js';

async function ask(connectionString: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('the embedded PostgreSQL', function () {
  this.timeout(60_000);
  const scratch = new Scratch();
  afterEach(() => scratch.clean());

  const start = async (folder: string, port = 0): Promise<EmbeddedPostgres & ReturnType<typeof recorder>> => {
    const progress = recorder();
    const server = await startEmbeddedPostgres({
      dataDir: join(folder, 'postgres'),
      logFile: join(folder, 'logs', 'postgres.log'),
      port,
      onProgress: progress.onProgress,
    });
    scratch.later(server.stop);
    return { ...server, ...progress };
  };
  const closedFolder = async () => {
    const folder = join(await scratch.folder(), 'data');
    await mkdir(folder, { mode: 0o700 });
    return folder;
  };

  it('starts, keeps its data over a restart, and is gone after stop', async () => {
    const folder = await closedFolder();
    const first = await start(folder);
    assert.equal(first.adopted, false);
    await ask(first.connectionString, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const identity = processIdentity(first.pid);
    assert.ok(identity);
    await first.stop();
    assert.equal(processIdentity(first.pid), undefined);
    const second = await start(folder);
    assert.deepEqual(await ask(second.connectionString, 'SELECT answer FROM kept'), [{ answer: 42 }]);
    assert.ok(second.steps.some(({ name, state }) => name === 'initialise PostgreSQL' && state === 'cached'));
    assert.equal((await stat(folder)).mode & 0o777, 0o700, 'the data folder stays closed');
  });

  it('is durable, quiet on sockets, and opens to its password only', async () => {
    const folder = await closedFolder();
    const { connectionString, port } = await start(folder);
    const wanted = { fsync: 'on', synchronous_commit: 'on', jit: 'off', max_connections: '200' };
    const more = { listen_addresses: '127.0.0.1', unix_socket_directories: '', server_encoding: 'UTF8' };
    for (const [name, setting] of Object.entries({ ...wanted, ...more })) {
      assert.deepEqual(await ask(connectionString, `SELECT current_setting('${name}') AS value`), [{ value: setting }]);
    }
    const passwordFile = join(folder, 'postgres', 'password');
    assert.equal((await stat(passwordFile)).mode & 0o777, 0o600);
    assert.ok(connectionString.includes(`:${(await readFile(passwordFile, 'utf8')).trim()}@`));
    await assert.rejects(ask(`postgresql://agentrun:guess@127.0.0.1:${port}/agentrun`, 'SELECT 1'), { code: '28P01' });
    assert.deepEqual((await readdir(join(folder, 'postgres'))).sort(), ['cluster', 'password']);
  });

  it('is adopted when it outlived its manager, also when that one was killed', async () => {
    const folder = await closedFolder();
    const manager = startProgram('run-postgres', { folder });
    scratch.later(manager.killGroup);
    const { pid, connectionString } = await manager.next();
    await manager.killGroup();
    const adopted = await start(folder);
    assert.deepEqual(
      { pid: adopted.pid, adopted: adopted.adopted, connectionString: adopted.connectionString },
      { pid, adopted: true, connectionString },
    );
    await adopted.stop();
    assert.equal(processIdentity(adopted.pid), undefined);
  });

  it('ends with a manager that exits without stopping it', async () => {
    const manager = startProgram('run-postgres', { folder: await closedFolder() });
    scratch.later(manager.killGroup);
    const identity = processIdentity((await manager.next()).pid as number);
    manager.child.stdin!.end();
    await once(manager.child, 'exit');
    assert.equal(manager.child.exitCode, 0);
    assert.ok(await waitForExit(identity!, 20_000));
  });

  it('moves to the wanted port when the survivor has another one', async () => {
    const folder = await closedFolder();
    const first = await start(folder);
    const port = await freePort();
    const second = await start(folder, port);
    assert.equal(second.adopted, false);
    assert.equal(second.port, port);
    assert.notEqual(second.pid, first.pid);
  });

  it('makes its cluster again when the first try was killed half way', async () => {
    const folder = await closedFolder();
    const manager = startProgram('run-postgres', { folder });
    manager.next().catch(() => undefined);
    scratch.later(manager.killGroup);
    const halfDone = async () => {
      const names = await readdir(join(folder, 'postgres')).catch(() => []);
      const draft = names.find((name) => name.startsWith('cluster.init-'));
      return draft !== undefined && (await readdir(join(folder, 'postgres', draft))).includes('base');
    };
    while (!(await halfDone())) await delay(2);
    await manager.killGroup();
    assert.ok(!(await readdir(join(folder, 'postgres'))).includes('cluster'));
    const healed = await start(folder);
    assert.deepEqual(await ask(healed.connectionString, 'SELECT 1 AS one'), [{ one: 1 }]);
    assert.deepEqual((await readdir(join(folder, 'postgres'))).sort(), ['cluster', 'password']);
  });

  it('starts over a stale postmaster.pid whose pid is another program now', async () => {
    const folder = await closedFolder();
    await (await start(folder)).stop();
    await writeFile(
      join(folder, 'postgres', 'cluster', 'postmaster.pid'),
      `${process.pid}\n/x\n1\n54321\n\n\n\nready\n`,
    );
    assert.equal((await start(folder)).adopted, false);
  });

  it('says which port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    await assert.rejects(start(await closedFolder(), port), PortTaken);
    taken.close();
  });

  it('quotes its log when it dies at once, and leaves nothing running', async () => {
    const folder = await closedFolder();
    await (await start(folder)).stop();
    await appendFile(join(folder, 'postgres', 'cluster', 'postgresql.conf'), '\nno_such_setting = 1\n');
    await assert.rejects(start(folder), (error: Error) => {
      assert.ok(error instanceof ServerStartFailed);
      assert.match(error.message, /ended with exit code 1 before it was ready/);
      assert.match(error.message, /unrecognized configuration parameter "no_such_setting"/);
      return true;
    });
  });

  it('says at once that the kept password is not the right one', async () => {
    const folder = await closedFolder();
    await (await start(folder)).stop();
    await writeFile(join(folder, 'postgres', 'password'), 'another\n');
    await assert.rejects(start(folder), /refuses the password that is kept beside its cluster/);
  });

  if (isRoot) {
    it('runs for a normal user too', async () => {
      const user = { uid: 65534, gid: 65534 };
      const folder = await closedFolder();
      await chown(folder, user.uid, user.gid);
      await chmod(folder, 0o700);
      const manager = startProgram('run-postgres', { folder }, user);
      scratch.later(manager.killGroup);
      const { pid } = await manager.next();
      const identity = processIdentity(pid as number)!;
      const { stdout } = await execa('ps', ['-o', 'uid=', '-p', String(pid)]);
      assert.equal(stdout.trim(), String(user.uid));
      manager.child.stdin!.end();
      assert.ok(await waitForExit(identity, 20_000));
      await access(join(folder, 'logs', 'postgres.log'));
    });
  }
});
