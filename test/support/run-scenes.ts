import {
  WorkflowUpdateFailedError,
  type WorkflowHandle,
  type WorkflowHandleWithFirstExecutionRunId,
} from '@temporalio/client';
import { ApplicationFailure, type UpdateDefinition } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Answer, FromSender, RunInput } from '../../src/domain/run-messages.js';
import type { RunSnapshot } from '../../src/domain/run-snapshot.js';
import * as messages from '../../workflows/run/messages.js';
import type { runWorkflow } from '../../workflows/run/workflow.js';
import { runInput } from '../unit/workflows/run-fixtures.js';
import { quietRuntime } from './quiet-runtime.js';
import { ScriptedActivities } from './scripted-activities.js';
import { startTimeSkipping } from './time-skipping.js';

export interface Scene {
  readonly handle: WorkflowHandleWithFirstExecutionRunId<typeof runWorkflow>;
  readonly records: ScriptedActivities;
  readonly runId: string;
  readonly result: () => ReturnType<WorkflowHandle<typeof runWorkflow>['result']>;
  readonly claim: (runnerId: string) => Promise<{ attempt: number }>;
  readonly turn: (commandId: string) => Promise<void>;
  readonly ack: (commandId: string) => Promise<void>;
}

/** Runs' workflows with scripted records and time that is skipped. Loads its bundle once; `set` and `strike` go around each test. */
export class RunScenes {
  environment!: TestWorkflowEnvironment;
  workflowBundle!: WorkflowBundleWithSourceMap;
  #numbered = 0;

  async load(): Promise<void> {
    quietRuntime();
    const workflowsPath = fileURLToPath(new URL('../../workflows/index.js', import.meta.url));
    this.workflowBundle = await bundleWorkflowCode({ workflowsPath });
  }

  /** A server each: an update that is refused leaves time locked in it for good. */
  async set(): Promise<void> {
    this.environment = await startTimeSkipping();
  }

  async strike(): Promise<void> {
    await this.environment.teardown();
  }

  /** Names of nothing else here. */
  next(): { runId: string; taskQueue: string } {
    const number = (this.#numbered += 1);
    return { runId: `run_${String(number).padStart(20, '0')}`, taskQueue: `run-workflow-${number}` };
  }

  /** Opens a run and plays a scene with it; `prepare` comes before the run does anything. */
  async play(
    overrides: Partial<RunInput>,
    scene: (scene: Scene) => Promise<void>,
    prepare: (records: ScriptedActivities) => void = () => undefined,
    { isToldToOpen = true } = {},
  ): Promise<void> {
    const { environment, workflowBundle } = this;
    const { runId, taskQueue } = this.next();
    const input = runInput({ ...overrides, runId });
    const records = new ScriptedActivities();
    prepare(records);
    const worker = await Worker.create({
      connection: environment.nativeConnection,
      taskQueue,
      workflowBundle,
      activities: Object.assign({}, records),
    });
    await worker.runUntil(async () => {
      // Not by Update-with-Start, as the gateway does it: in this server that leaves time locked for good.
      const handle = await environment.client.workflow.start<typeof runWorkflow>('runWorkflow', {
        workflowId: `run:${runId}`,
        taskQueue,
        args: [input],
      });
      if (isToldToOpen) await handle.executeUpdate(messages.openRunUpdate, { args: [{ runId }] });
      await scene({
        handle,
        records,
        runId,
        result: async () => handle.result(),
        claim: async (runnerId) =>
          handle.executeUpdate(messages.claimRunUpdate, { args: [{ runId, runnerId, leaseMs: 60_000 }] }),
        turn: async (commandId) => {
          await handle.executeUpdate(messages.addCommandUpdate, { args: [{ runId, commandId, type: 'turn' }] });
        },
        ack: async (commandId) => {
          await handle.executeUpdate(messages.ackCommandUpdate, { args: [{ runId, commandId }] });
        },
      });
    });
  }
}

/** Says it as a sender that writes; answers the snapshot that it is given to write. */
export function sayer(handle: Scene['handle'], runId: string) {
  return async <A, M extends FromSender>(
    update: UpdateDefinition<Answer<A> | undefined, [M]>,
    message: Omit<M, 'runId' | keyof FromSender>,
  ): Promise<RunSnapshot | undefined> => {
    const args = [{ ...message, runId, senderWrites: true }] as unknown as [M];
    return (await handle.executeUpdate(update, { args }))?.snapshot;
  };
}

export function refusalOf(error: unknown): string | null | undefined {
  return error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure
    ? error.cause.type
    : undefined;
}

export async function until(condition: () => boolean, pause = async () => delay(10)): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, 'it did not happen within 20 s');
    await pause();
  }
}

/** Holds who comes until it is opened, or told to fail. */
export function gate() {
  let [open, fail] = [(): void => undefined, (): void => undefined];
  const opened = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = () => reject(new Error('the worker was cut off'));
  });
  opened.catch(() => undefined);
  const one = {
    reached: false,
    open: () => open(),
    fail: () => fail(),
    pass: async () => {
      one.reached = true;
      await opened;
    },
  };
  return one;
}
