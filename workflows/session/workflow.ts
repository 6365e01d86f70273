import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ChildWorkflowFailure,
  executeChild,
  ParentClosePolicy,
  proxyActivities,
  setCurrentDetails,
  sleep,
} from '@temporalio/workflow';
import type { Activities } from '../../activities/index.js';
import { evictionWorkflowId } from '../../src/domain/ids.js';

const records = proxyActivities<Activities>({
  startToCloseTimeout: '5s',
  retry: { initialInterval: '50ms', backoffCoefficient: 2, maximumInterval: '2s' },
});

/** A volume that is half gone helps nobody: its deletion is tried until the platform confirms that it is gone. */
const platform = proxyActivities<Activities>({
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' },
});

export interface EvictSession {
  readonly sessionId: string;
  /** Leaves alone what was used since somebody thought that its time is over. */
  readonly onlyExpired: boolean;
}

export type Eviction = Awaited<ReturnType<Activities['beginEviction']>>;

/** Gives up a session's volume: decided once, then done whatever it takes. Answers why not, where it is not to be. */
export async function evictSessionWorkflow({ sessionId, onlyExpired }: EvictSession): Promise<Eviction> {
  const verdict = await records.beginEviction({ sessionId, onlyExpired });
  if (verdict !== 'evicting') return verdict;
  setCurrentDetails(`**evicting** the volume of \`${sessionId}\`: decided, and tried until the platform confirms it`);
  await platform.deleteSessionVolume({ sessionId });
  await records.endEviction({ sessionId });
  return 'evicted';
}

/** One session that a cycle looked at, and what became of it. */
export interface Collected {
  readonly sessionId: string;
  readonly pvcName: string | null;
  readonly expiresAt: string;
  readonly outcome: Eviction | 'slow' | 'under-way';
}

/** A volume that takes longer goes on without the cycle. */
const PATIENCE_MS = 20_000;
const AT_ONCE = 10;

/** One cycle of the garbage collection: tries to evict every session whose time is over. */
export async function collectSessionStorageWorkflow(): Promise<{ items: Collected[]; more: boolean }> {
  const { items: expired, more } = await records.listExpiredSessions();
  const items: Collected[] = [];
  setCurrentDetails(`- sessions whose time is over: ${expired.length}${more ? ', and more for the next cycle' : ''}`);
  for (let from = 0; from < expired.length; from += AT_ONCE) {
    items.push(...(await Promise.all(expired.slice(from, from + AT_ONCE).map(collect))));
  }
  return { items, more };
}

async function collect(session: Omit<Collected, 'outcome'>): Promise<Collected> {
  return { ...session, outcome: await Promise.race([evictExpired(session.sessionId), slow()]) };
}

async function slow(): Promise<'slow'> {
  await sleep(PATIENCE_MS, { summary: 'patience for one eviction' });
  return 'slow';
}

async function evictExpired(sessionId: string): Promise<Collected['outcome']> {
  try {
    return await executeChild(evictSessionWorkflow, {
      args: [{ sessionId, onlyExpired: true }],
      workflowId: evictionWorkflowId(sessionId),
      parentClosePolicy: ParentClosePolicy.ABANDON,
    });
  } catch (error) {
    // Somebody asked for it already, or ended it in Temporal: the next cycle looks again.
    if (error instanceof WorkflowExecutionAlreadyStartedError || error instanceof ChildWorkflowFailure)
      return 'under-way';
    throw error;
  }
}
