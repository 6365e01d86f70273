import type { WorkflowHandle } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import { folders, readSettings } from '../../src/config.js';
import { RUN_DEFAULTS } from '../../src/domain/lease.js';
import type { RunInput } from '../../src/domain/run-messages.js';
import { SEARCH_ATTRIBUTES } from '../../src/domain/search-attributes.js';
import { DEFAULT_RUN_LIMITS, runPolicy } from '../../src/operations/runs/run-limits.js';
import { resolveTestServer } from '../../temporal-dev/resolve-test-server.js';
import { ScriptedActivities } from '../../test/support/scripted-activities.js';
import * as messages from '../../workflows/run/messages.js';
import type { runWorkflow } from '../../workflows/run/workflow.js';
import { countTypes, type IdleHour } from '../histories.js';

/** Long enough that what happens once does not count. */
const HOURS = 24;
const TASK_QUEUE = 'bench-idle';
const KEYWORD = 2;

/** The real workflow with the product's own limits, in a server that skips the time; the records are scripted, so that only Temporal's part is seen. */
export async function idleHours(): Promise<IdleHour[]> {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: 'ERROR', forward: {} } },
  });
  const environment = await startTimeSkipping();
  const records = new ScriptedActivities();
  // Its agent writes an event every few seconds.
  records.silentMs = 5_000;
  try {
    const worker = await Worker.create({
      connection: environment.nativeConnection,
      taskQueue: TASK_QUEUE,
      activities: Object.fromEntries(Object.entries(records)),
      workflowBundle: { codePath: fileURLToPath(new URL('../../workflow-bundle.js', import.meta.url)) },
    });
    return await worker.runUntil(async () => [
      await idleHour(environment, 'waiting for a runner', []),
      await idleHour(environment, 'claimed, between turns', ['claim']),
      await idleHour(environment, 'in a turn that gives signs of life', ['claim', 'turn', 'ack']),
    ]);
  } finally {
    await environment.teardown();
  }
}

type Prelude = readonly ('claim' | 'turn' | 'ack')[];

async function idleHour(environment: TestWorkflowEnvironment, name: string, prelude: Prelude): Promise<IdleHour> {
  const runId = `run_bench${String(prelude.length).padStart(16, '0')}`;
  const commandId = 'cmd_bench0000000000';
  const handle = await environment.client.workflow.start<typeof runWorkflow>('runWorkflow', {
    workflowId: `run:${runId}`,
    taskQueue: TASK_QUEUE,
    args: [runInput(runId)],
  });
  await handle.executeUpdate(messages.openRunUpdate, { args: [{ runId }] });
  if (prelude.includes('claim')) {
    await handle.executeUpdate(messages.claimRunUpdate, { args: [{ runId, runnerId: 'rnr_bench', leaseMs: 60_000 }] });
  }
  if (prelude.includes('turn')) {
    await handle.executeUpdate(messages.addCommandUpdate, { args: [{ runId, commandId, type: 'turn' }] });
    await handle.executeUpdate(messages.ackCommandUpdate, { args: [{ runId, commandId }] });
  }
  const before = await countedHistory(handle);
  await environment.sleep((HOURS + 0.5) * 3_600_000);
  const after = await countedHistory(handle);
  await handle.terminate();
  return difference(name, before, after);
}

async function countedHistory(handle: WorkflowHandle): Promise<Record<string, number>> {
  return countTypes((await handle.fetchHistory()).events ?? []);
}

function difference(name: string, before: Record<string, number>, after: Record<string, number>): IdleHour {
  const added = Object.entries(after)
    .map(([type, count]) => [type, (count - (before[type] ?? 0)) / HOURS] as const)
    .filter(([, count]) => count > 0);
  return { name, eventsPerHour: added.reduce((sum, [, count]) => sum + count, 0), byType: Object.fromEntries(added) };
}

function runInput(runId: string): RunInput {
  const { turnTimeoutMs, idleTimeoutMs, ...retry } = RUN_DEFAULTS;
  // A turn of two days, so that it does not end meanwhile.
  const execution = { timeoutMs: 48 * turnTimeoutMs, idleTimeoutMs };
  return {
    runId,
    tenantId: 'bench',
    projectId: 'bench',
    sessionId: null,
    backendProfile: 'exec',
    policy: runPolicy(
      { sandbox: 'workspace-write', approval: 'never', network: true, ...execution },
      retry,
      DEFAULT_RUN_LIMITS,
    ),
    endsWithTurn: false,
  };
}

async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  const { executable } = await resolveTestServer({
    pathEnv: process.env['PATH'] ?? '',
    cacheDir: folders(readSettings()).cacheDir,
    onProgress: () => undefined,
  });
  const environment = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
  const searchAttributes = Object.fromEntries(Object.keys(SEARCH_ATTRIBUTES).map((name) => [name, KEYWORD]));
  await environment.connection.operatorService.addSearchAttributes({ namespace: 'default', searchAttributes });
  return environment;
}
