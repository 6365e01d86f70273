import type { AipodSpecStore } from '../ports/aipod-spec-store.js';
import type { BudgetStore } from '../ports/budget-store.js';
import type { BoardRecords } from '../ports/board-records.js';
import type { DeliveryStore } from '../ports/delivery-store.js';
import type { EventStore } from '../ports/event-store.js';
import type { FleetGauges } from '../ports/fleet-gauges.js';
import type { LeaseStore } from '../ports/lease-store.js';
import type { RunStore } from '../ports/run-store.js';
import type { RunnerJobStore } from '../ports/runner-job-store.js';
import type { ScheduleStore } from '../ports/schedule-store.js';
import type { SessionStore } from '../ports/session-store.js';
import type { TaskStore } from '../ports/task-store.js';
import type { Wakeups } from '../ports/wakeups.js';
import type { WarmRunnerStore } from '../ports/warm-runner-store.js';
import type { WebhookStore } from '../ports/webhook-store.js';
import { createAipodSpecStore } from './aipod-specs.js';
import { createBudgetStore } from './budgets.js';
import { createBoardRecords } from './board-records.js';
import { createEventStore } from './events.js';
import { createFleetGauges } from './fleet-gauges.js';
import { createLeaseStore } from './leases.js';
import { createMaintenance, type Maintenance } from './maintenance.js';
import { Database, type DatabaseOptions } from './pool.js';
import { createRunStore } from './run-store.js';
import { createRunnerJobStore } from './runner-jobs.js';
import { createScheduleStore } from './schedules.js';
import { createSessionStore } from './session-store.js';
import { createTaskStore } from './task-store.js';
import { PostgresWakeups } from './wakeups.js';
import { createDeliveryStore } from './webhook-deliveries.js';
import { createWarmRunnerStore } from './warm-runners.js';
import { createWebhookStore } from './webhooks.js';

export interface Postgres {
  readonly runs: RunStore;
  readonly events: EventStore;
  readonly leases: LeaseStore;
  readonly jobs: RunnerJobStore;
  readonly warmRunners: WarmRunnerStore;
  readonly specs: AipodSpecStore;
  readonly sessions: SessionStore;
  readonly budgets: BudgetStore;
  readonly webhooks: WebhookStore;
  readonly deliveries: DeliveryStore;
  readonly schedules: ScheduleStore;
  readonly tasks: TaskStore;
  readonly board: BoardRecords;
  readonly fleet: FleetGauges;
  readonly wakeups: Wakeups;
  readonly maintenance: Maintenance;
  ready(): Promise<{ ready: boolean; message?: string }>;
  /** Ends every connection and wakes everybody who waits. */
  close(): Promise<void>;
}

/** Everything of ours that lives in PostgreSQL, over one pool and one listening connection. Connects when first needed. */
export function openPostgres(options: DatabaseOptions): Postgres {
  const database = new Database(options);
  const wakeups = new PostgresWakeups(options);
  return {
    runs: createRunStore(database, wakeups),
    events: createEventStore(database, wakeups),
    leases: createLeaseStore(database),
    jobs: createRunnerJobStore(database),
    warmRunners: createWarmRunnerStore(database, wakeups),
    specs: createAipodSpecStore(database),
    sessions: createSessionStore(database),
    budgets: createBudgetStore(database),
    webhooks: createWebhookStore(database),
    deliveries: createDeliveryStore(database),
    schedules: createScheduleStore(database),
    tasks: createTaskStore(database),
    board: createBoardRecords(database),
    fleet: createFleetGauges(database),
    wakeups,
    maintenance: createMaintenance(database),
    ready: () => database.ready(),
    async close() {
      await wakeups.close();
      await database.close();
    },
  };
}
