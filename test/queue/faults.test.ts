import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/processes/free-port.js';
import { Api, eventually, type Loose } from '../support/api.js';
import { Dice } from '../faults/harness/dice.js';
import { SEED } from '../faults/harness/settings.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { createTestNamespace } from '../support/temporal-server.js';
import type { QuickManagerOptions } from './programs/quick-manager.js';

/** More by hand: `AGENTRUN_TEST_TASKS=200`. */
const TASKS = Number(process.env['AGENTRUN_TEST_TASKS'] ?? 40);
const SLOTS = 10;
const TENANTS = ['acme', 'beta', 'core'];
const PROGRAM = fileURLToPath(new URL('programs/quick-manager.js', import.meta.url));

/** What every turn tells of itself; what a killed process was doing it does no more. */
class Ledger {
  readonly counts = new Map<string, number>();
  readonly faults: string[] = [];
  mostAtOnce = 0;
  readonly #now = new Map<string, number>();
  readonly #dead = new Set<number | undefined>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      void (async () => {
        const { prompt, pid } = JSON.parse(Buffer.concat(await request.toArray()).toString());
        this.#take(request.url ?? '', prompt, pid);
        response.end();
      })();
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  died(pid: number | undefined): void {
    this.#dead.add(pid);
    for (const [prompt, by] of this.#now) if (by === pid) this.#now.delete(prompt);
  }

  #take(what: string, prompt: string, pid: number): void {
    if (what === '/end') {
      this.#now.delete(prompt);
      return;
    }
    if (this.#dead.has(pid)) return; // Sent just before it was killed, read after.
    if (this.#now.has(prompt)) this.faults.push(`${prompt} ran twice at once`);
    this.#now.set(prompt, pid);
    this.counts.set(prompt, (this.counts.get(prompt) ?? 0) + 1);
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#now.size);
  }
}

describe(`${TASKS} tasks through ${SLOTS} slots, while managers and workers are killed with the runners in them`, function () {
  this.timeout(600_000 + TASKS * 6_000);
  const ledger = new Ledger();
  const processes = new Map<string, ChildProcess>();
  let database: TestDatabase;
  let dataDir: string;
  let options: QuickManagerOptions;
  let api: Api;

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'agentrun-quick-'));
    database = await createTestDatabase();
    const temporal = await createTestNamespace();
    const port = await freePort();
    const operatorToken = randomBytes(24).toString('base64url');
    options = {
      settings: {
        AGENTRUN_PORT: String(port),
        AGENTRUN_OPERATOR_TOKEN: operatorToken,
        AGENTRUN_TEMPORAL_NAMESPACE: temporal.namespace,
        AGENTRUN_CONTINUE_AS_NEW_EVENTS: '200',
        // Of a Job that was lost with its machine before it claimed nobody tells.
        AGENTRUN_START_DEADLINE_MS: '5000',
        AGENTRUN_INTERNAL_MGR_URL: `http://127.0.0.1:${port}`,
      },
      databaseUrl: database.connectionString,
      temporalAddress: temporal.address,
      dataDir,
      operatorToken,
      key: randomBytes(32).toString('hex'),
      api: true,
      ledgerUrl: await ledger.listen(),
      turnMs: 300,
    };
    api = new Api(`http://127.0.0.1:${port}`, operatorToken);
  });
  after(async () => {
    for (const [name] of processes) await kill(name);
    ledger.close();
    await database.drop();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function start(name: string, more: Partial<QuickManagerOptions>): Promise<void> {
    const child = spawn(process.execPath, [PROGRAM, JSON.stringify({ ...options, ...more })], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    processes.set(name, child);
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  }

  async function kill(name: string): Promise<void> {
    const child = processes.get(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
    ledger.died(child.pid);
  }

  it(`every task ends, none runs twice at once, none is lost: seed ${SEED}`, async () => {
    await Promise.all([start('manager', {}), start('worker', { api: false })]);
    const over = new AbortController();
    const killing = killAgainAndAgain(over.signal);
    try {
      const made = await Promise.all(Array.from({ length: TASKS }, async (_, index) => create(index)));
      assert.equal(new Set(made).size, TASKS);
      for (const id of made) {
        const { state, title, failureMessage } = await whenEnded(id);
        assert.deepEqual([title, state, failureMessage], [title, 'completed', null]);
        assert.ok((ledger.counts.get(title) ?? 0) >= 1, `${title} never ran`);
      }
    } finally {
      over.abort();
      await killing;
    }
    assert.deepEqual(ledger.faults, []);
    assert.ok(ledger.mostAtOnce <= SLOTS, `${ledger.mostAtOnce} ran at once`);
    const { counts } = await api.get('/api/v1/queue/stats?queue=default');
    assert.deepEqual([counts.completed, counts.pending, counts.running], [TASKS, 0, 0]);
  });

  async function killAgainAndAgain(signal: AbortSignal): Promise<void> {
    const dice = Dice.about(SEED, 'killed processes');
    for (let turn = 0; !signal.aborted; turn += 1) {
      await delay(dice.between(4_000, 7_000), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const name = turn % 2 === 0 ? 'worker' : 'manager';
      await kill(name);
      await start(name, name === 'worker' ? { api: false } : {});
    }
  }

  async function create(index: number): Promise<string> {
    const title = `task-${index}`;
    const again = { maxAttempts: 50, backoffMs: 100, maxBackoffMs: 200 };
    const body = {
      ...{ tenantId: TENANTS[index % 3], projectId: 'shop', backendProfile: 'exec' },
      ...{ title, prompt: title, autoDispatch: true, idempotencyKey: title },
      ...{ runRetryPolicy: again, retryPolicy: again },
    };
    // A manager that is just gone answers nothing: the same request again makes no second task.
    const answer = await untilOk(
      async () => api.request('POST', '/api/v1/queue/tasks', body),
      () => true,
    );
    return answer.id;
  }

  async function whenEnded(id: string): Promise<Loose> {
    return untilOk(
      async () => api.request('GET', `/api/v1/queue/tasks/${id}`),
      ({ phase }) => phase === 'ended',
    );
  }

  async function untilOk(
    ask: () => Promise<{ status: number; body: Loose }>,
    satisfies: (data: Loose) => boolean,
  ): Promise<Loose> {
    const { body } = await eventually(
      async () => ask().catch(() => ({ status: 0, body: undefined })),
      (answer) => answer.status === 200 && satisfies(answer.body.data),
      300_000 + TASKS * 3_000,
    );
    return body.data;
  }
});
