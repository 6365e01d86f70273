import type { Client } from '@temporalio/client';
import type { StorageGcReport } from '../contract/session.js';
import { assertNever } from '../domain/assert-never.js';
import { unavailable } from '../domain/errors.js';
import { evictionWorkflowId, STORAGE_GC_WORKFLOW_ID, TASK_QUEUE } from '../domain/ids.js';
import type { SessionGateway } from '../ports/session-gateway.js';
import type { EvictionVerdict } from '../ports/session-store.js';
import type {
  Collected,
  collectSessionStorageWorkflow,
  evictSessionWorkflow,
} from '../../workflows/session/workflow.js';
import { answered } from './answered.js';
import { keywordAttributes } from './keyword-attributes.js';
import { within } from './within.js';
import { resultOf } from './result-of.js';

/** How long a caller waits for a platform to delete one volume. */
const EVICTION_PATIENCE_MS = 5_000;
/** And for a whole cycle, which itself waits for no single volume for long. */
const CYCLE_PATIENCE_MS = 60_000;

export function createSessionGateway(client: Client): SessionGateway {
  return {
    async evict(sessionId) {
      const verdict = await evict(client, sessionId);
      // A cycle of the garbage collection had begun on it, and left it alone because its time is not over.
      return verdict === 'not-expired' ? evict(client, sessionId) : verdict;
    },

    async collectStorage() {
      const startedAt = new Date().toISOString();
      const handle = await answered(client, async () =>
        client.workflow.start<typeof collectSessionStorageWorkflow>('collectSessionStorageWorkflow', {
          taskQueue: TASK_QUEUE,
          workflowId: STORAGE_GC_WORKFLOW_ID,
          workflowIdConflictPolicy: 'USE_EXISTING',
          staticSummary: 'Evicts the storage of expired sessions',
        }),
      );
      const done = await within(CYCLE_PATIENCE_MS, resultOf('the cycle', handle.result()), undefined);
      if (done === undefined) throw unavailable('temporal', undefined, 'the cycle goes on; ask again for its report');
      return report(done, startedAt);
    },
  };
}

async function evict(client: Client, sessionId: string): Promise<EvictionVerdict> {
  const handle = await answered(client, async () =>
    client.workflow.start<typeof evictSessionWorkflow>('evictSessionWorkflow', {
      taskQueue: TASK_QUEUE,
      workflowId: evictionWorkflowId(sessionId),
      workflowIdConflictPolicy: 'USE_EXISTING',
      args: [{ sessionId, onlyExpired: false }],
      typedSearchAttributes: keywordAttributes({ AgentRunSessionId: sessionId }),
      staticSummary: `Gives up the storage of session ${sessionId}`,
    }),
  );
  return within(
    EVICTION_PATIENCE_MS,
    resultOf(`the eviction of session ${sessionId}`, handle.result()),
    'evicting' as const,
  );
}

function report({ items, more }: { items: Collected[]; more: boolean }, startedAt: string): StorageGcReport {
  const entries = items.map(({ outcome, ...session }) => ({ ...session, ...meaning(outcome) }));
  const count = (outcome: 'evicted' | 'kept' | 'failed') => entries.filter((entry) => entry.outcome === outcome).length;
  return {
    action: 'session-storage-gc',
    items: entries,
    evicted: count('evicted'),
    kept: count('kept'),
    failed: count('failed'),
    more,
    startedAt,
    finishedAt: new Date().toISOString(),
    valuesPrinted: false,
  };
}

function meaning(outcome: Collected['outcome']): { outcome: 'evicted' | 'kept' | 'failed'; reason: string } {
  switch (outcome) {
    case 'evicted':
      return { outcome: 'evicted', reason: 'its time was over and no run of it lived' };
    case 'active-run':
      return { outcome: 'kept', reason: 'a run of it lives, or its runner is still ending' };
    case 'not-expired':
      return { outcome: 'kept', reason: 'it was used meanwhile' };
    case 'no-storage':
      return { outcome: 'kept', reason: 'it has no storage' };
    case 'missing':
      return { outcome: 'kept', reason: 'it is gone' };
    case 'slow':
    case 'evicting':
      return { outcome: 'failed', reason: 'the platform has not deleted the volume yet; it goes on trying' };
    case 'under-way':
      return { outcome: 'kept', reason: 'its eviction was under way already' };
    default:
      return assertNever(outcome);
  }
}
