import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { projectRoot } from '../../../scripts/project-root.js';
import { OPERATION_VARIABLE } from './faulty-platform.js';
import type { Dice } from './dice.js';
import type { Round } from './round.js';
import { LENT_RUN } from './system.js';

const AGENT = join(projectRoot, 'test/faults/programs/agent.sh');

/** One thing that a client asks for: a send to its session (a turn, or a steer into the one that works), or a task. */
export interface Operation {
  readonly id: string;
  readonly f: 'send' | 'task';
  /** Undefined: a task with a run of its own. */
  readonly sessionId?: string;
  /** From the client's last operation. */
  readonly afterMs: number;
  readonly steps: number;
  readonly stepMs: number;
  readonly mayBeCancelled?: boolean;
}

export interface WorkloadSize {
  readonly sessions: number;
  readonly sendsOfEach: number;
  readonly tasks: number;
  readonly steps: readonly [number, number];
  readonly stepMs?: number;
  readonly mostBetweenMs?: number;
  /** Turns of the first so many sessions may be interrupted. */
  readonly interrupted?: number;
}

/** What each client does, one after another; clients work at once. */
export type Workload = readonly (readonly Operation[])[];

/** The generator: the same dice make the same workload. */
export function generate(round: Round, size: WorkloadSize): Workload {
  const { dice } = round;
  const sessions = Array.from({ length: size.sessions }, (_, s) =>
    Array.from({ length: size.sendsOfEach }, (_, n) => ({
      id: round.name(`s${s}-${n}`),
      f: 'send' as const,
      sessionId: round.name(`s${s}`),
      ...work(dice, size, n === 0),
      ...(s < (size.interrupted ?? 0) && { mayBeCancelled: true }),
    })),
  );
  const tasks = Array.from({ length: size.tasks }, (_, t) => [
    { id: round.name(`t${t}`), f: 'task' as const, ...work(dice, size, true) },
  ]);
  const workload = [...sessions, ...tasks];
  round.tell('workload', workload);
  return workload;
}

function work(dice: Dice, { steps, stepMs = 150, mostBetweenMs = 1_000 }: WorkloadSize, isFirst: boolean) {
  const afterMs = isFirst ? 0 : dice.between(0, mostBetweenMs);
  return { afterMs, steps: dice.between(...steps), stepMs };
}

/** Does the workload; resolves when every operation was accepted. */
export async function perform(round: Round, workload: Workload): Promise<void> {
  await Promise.all(
    workload.map(async (operations) => {
      for (const operation of operations) {
        await delay(operation.afterMs);
        await (operation.f === 'send' ? send(round, operation) : createTask(round, operation));
      }
    }),
  );
}

export function promptOf({ id, steps, stepMs }: Pick<Operation, 'id' | 'steps' | 'stepMs'>): string {
  return `sh ${AGENT} ${id} ${steps} ${stepMs / 1_000}`;
}

async function send(round: Round, operation: Operation): Promise<void> {
  const { id, sessionId = '', mayBeCancelled } = operation;
  const body = { prompt: promptOf(operation), run: LENT_RUN, idempotencyKey: id };
  const { command } = await round.api.named(id).ok('POST', `/api/v1/sessions/${sessionId}/send`, body);
  round.accepted.push({ operation: id, kind: 'command', id: command.id, mayBeCancelled });
}

async function createTask(round: Round, operation: Operation): Promise<void> {
  const { id } = operation;
  const { retryPolicy } = LENT_RUN;
  const body = {
    ...{ ...LENT_RUN, title: id, prompt: promptOf(operation), autoDispatch: true, runRetryPolicy: retryPolicy },
    ...{ runnerJob: { env: { [OPERATION_VARIABLE]: id } }, idempotencyKey: id },
  };
  const task = await round.api.named(id).ok('POST', '/api/v1/queue/tasks', body);
  round.accepted.push({ operation: id, kind: 'task', id: task.id });
}
