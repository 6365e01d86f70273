import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { evictionWorkflowId } from '../../src/domain/ids.js';
import type { collectSessionStorageWorkflow, evictSessionWorkflow } from '../../workflows/session/workflow.js';
import { ScriptedActivities } from '../support/scripted-activities.js';
import { quietRuntime } from '../support/quiet-runtime.js';
import { startTimeSkipping } from '../support/time-skipping.js';

const session = (sessionId: string) => ({
  sessionId,
  pvcName: `volume-${sessionId}`,
  expiresAt: '2026-01-01T00:00:00Z',
});

/** Volumes that the platform does not delete before they are let go. */
class Platform {
  readonly stubborn = new Set<string>();
  readonly tries: string[] = [];
  readonly ended: string[] = [];
  expired: ReturnType<typeof session>[] = [];
  /** A session is not to be evicted for this reason. */
  readonly kept = new Map<string, 'active-run' | 'not-expired'>();

  get activities() {
    return {
      ...(new ScriptedActivities() as object as Record<string, never>),
      listExpiredSessions: async () => ({ items: this.expired, more: false }),
      beginEviction: async ({ sessionId }: { sessionId: string }) => this.kept.get(sessionId) ?? ('evicting' as const),
      deleteSessionVolume: async ({ sessionId }: { sessionId: string }) => {
        this.tries.push(sessionId);
        if (this.stubborn.has(sessionId)) throw new Error('the platform is out of reach');
      },
      endEviction: async ({ sessionId }: { sessionId: string }) => {
        this.ended.push(sessionId);
      },
    };
  }
}

describe("workflows about sessions' storage, with time skipped", function () {
  this.timeout(120_000);
  let environment: TestWorkflowEnvironment;
  let workflowBundle: WorkflowBundleWithSourceMap;
  let numbered = 0;

  before(async () => {
    quietRuntime();
    const workflowsPath = fileURLToPath(new URL('../../workflows/index.js', import.meta.url));
    workflowBundle = await bundleWorkflowCode({ workflowsPath });
    environment = await startTimeSkipping();
  });
  after(async () => environment.teardown());

  async function withWorker<T>(platform: Platform, work: (taskQueue: string) => Promise<T>): Promise<T> {
    const taskQueue = `session-workflows-${(numbered += 1)}`;
    const { nativeConnection: connection } = environment;
    const worker = await Worker.create({ connection, taskQueue, workflowBundle, activities: platform.activities });
    return worker.runUntil(() => work(taskQueue));
  }

  const evict = (taskQueue: string, sessionId: string, onlyExpired: boolean) =>
    environment.client.workflow.start<typeof evictSessionWorkflow>('evictSessionWorkflow', {
      taskQueue,
      workflowId: evictionWorkflowId(sessionId),
      args: [{ sessionId, onlyExpired }],
    });

  it('evict a volume however long the platform is out of reach: for a day', async () => {
    const platform = new Platform();
    platform.stubborn.add('s1');
    await withWorker(platform, async (taskQueue) => {
      const handle = await evict(taskQueue, 's1', false);
      await environment.sleep('1 day');
      assert.deepEqual(platform.ended, []);
      assert.ok(platform.tries.length > 1_000, `${platform.tries.length} tries`);
      platform.stubborn.clear();
      assert.equal(await handle.result(), 'evicted');
      assert.deepEqual(platform.ended, ['s1']);
    });
  });

  it('leave alone what was used meanwhile, and say why', async () => {
    const platform = new Platform();
    platform.kept.set('s2', 'not-expired');
    await withWorker(platform, async (taskQueue) => {
      assert.equal(await (await evict(taskQueue, 's2', true)).result(), 'not-expired');
      assert.deepEqual([platform.tries, platform.ended], [[], []]);
    });
  });

  it('go on with the other sessions while one volume takes long, which goes on without them', async () => {
    const platform = new Platform();
    platform.expired = ['a', 'b', 'c', 'd'].map(session);
    platform.stubborn.add('a');
    platform.kept.set('c', 'active-run');
    await withWorker(platform, async (taskQueue) => {
      const before = await evict(taskQueue, 'd', false);
      await before.result();
      const cycle = await environment.client.workflow.start<typeof collectSessionStorageWorkflow>(
        'collectSessionStorageWorkflow',
        { taskQueue, workflowId: 'a-cycle' },
      );
      const { items, more } = await cycle.result();
      assert.deepEqual(
        items.map(({ sessionId, outcome }) => [sessionId, outcome]),
        [
          ['a', 'slow'],
          ['b', 'evicted'],
          ['c', 'active-run'],
          ['d', 'evicted'],
        ],
      );
      assert.equal(more, false);
      platform.stubborn.clear();
      const late = environment.client.workflow.getHandle<typeof evictSessionWorkflow>(evictionWorkflowId('a'));
      assert.equal(await late.result(), 'evicted');
    });
  });
});
