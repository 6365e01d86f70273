import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { followTasks } from '../../src/client/follow-tasks.js';
import { HttpClient } from '../../src/client/http-client.js';
import type { TaskSummary } from '../../src/contract/task.js';

/** A manager whose answers are scripted: how late a change becomes visible cannot be arranged with a real one. */
class LateManager {
  readonly tasks = new Map<string, TaskSummary>();
  readonly asked: string[] = [];
  #server!: Server;

  async start(): Promise<HttpClient> {
    this.#server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://manager');
      this.asked.push(pathname);
      const data = pathname.endsWith('/tasks')
        ? this.#changed(Number(searchParams.get('updatedAfter')))
        : this.#one(pathname);
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ ok: true, data }));
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return new HttpClient({ baseUrl: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}` });
  }

  write(id: string, state: string, updatedAtMs: number): void {
    const updatedAt = new Date(updatedAtMs).toISOString();
    this.tasks.set(id, { id, state, phase: state, updatedAt, latestAttempt: null } as unknown as TaskSummary);
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #changed(afterMs: number) {
    return { items: [...this.tasks.values()].filter(({ updatedAt }) => Date.parse(updatedAt) > afterMs) };
  }

  #one(pathname: string): TaskSummary | undefined {
    return this.tasks.get(pathname.split('/').at(-1) ?? '');
  }
}

const AT_MS = Date.parse('2026-03-01T14:00:00Z');

describe('several tasks, followed', () => {
  let manager: LateManager;
  let client: HttpClient;

  beforeEach(async () => {
    manager = new LateManager();
    client = await manager.start();
    for (const id of ['task_a', 'task_b']) manager.write(id, 'pending', AT_MS);
  });
  afterEach(() => manager.stop());

  /** What is told, while each of the steps is taken as soon as so much has been told. */
  async function told(options: { reviewMs?: number }, steps: Record<number, () => void>): Promise<string[]> {
    const all: string[] = [];
    for await (const { id, state } of followTasks(client, ['task_a', 'task_b'], { pollMs: 5, ...options })) {
      all.push(`${id} ${state}`);
      steps[all.length]?.();
    }
    return all;
  }

  it('tells each as it is, each change once, and ends with the last of them', async () => {
    const all = await told(
      {},
      {
        2: () => manager.write('task_a', 'running', AT_MS + 10),
        3: () => manager.write('task_a', 'completed', AT_MS + 20),
        4: () => manager.write('task_b', 'failed', AT_MS + 30),
      },
    );
    const expected = ['task_a pending', 'task_b pending', 'task_a running', 'task_a completed', 'task_b failed'];
    assert.deepEqual(all, expected);
    const single = manager.asked.filter((path) => !path.endsWith('/tasks'));
    assert.equal(single.length, 2, 'each is asked after by its id once');
  });

  it('misses no change that is written after a later one', async () => {
    manager.write('task_foreign', 'running', AT_MS + 4_000);
    const all = await told(
      {},
      {
        2: () => manager.write('task_a', 'completed', AT_MS + 1_000),
        3: () => manager.write('task_b', 'completed', AT_MS + 500),
      },
    );
    assert.deepEqual(all.slice(2), ['task_a completed', 'task_b completed']);
  });

  it('finds by a review what was written so late that no list shows it', async () => {
    manager.write('task_foreign', 'running', AT_MS + 3_600_000);
    const all = await told(
      { reviewMs: 50 },
      { 2: () => ['task_a', 'task_b'].forEach((id) => manager.write(id, 'completed', AT_MS + 1)) },
    );
    assert.deepEqual(all.slice(2).sort(), ['task_a completed', 'task_b completed']);
  });
});
