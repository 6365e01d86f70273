import type { RunStatus } from '../domain/run-lifecycle.js';
import type { TaskState } from '../domain/task-lifecycle.js';

/** How much there is at one moment, over all tenants. */
export interface FleetReading {
  /** Of statuses that a run does not end with; all of them, those of no run too. */
  readonly runs: readonly { readonly status: RunStatus; readonly count: number }[];
  readonly tasks: readonly { readonly state: TaskState; readonly count: number }[];
  /** How long the oldest dispatched task has waited for a slot, in milliseconds; 0 where none waits. */
  readonly oldestPendingMs: number;
}

export interface FleetGauges {
  /** One bounded statement. @throws unavailable('database') */
  read(): Promise<FleetReading>;
}
