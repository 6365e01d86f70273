import type { OperationContext } from '../src/operations/context.js';
import type { BackendCatalog } from '../src/ports/backend-catalog.js';
import type { RetentionPolicy } from '../src/domain/runner-retention.js';
import type { EventStore } from '../src/ports/event-store.js';
import type { BudgetStore } from '../src/ports/budget-store.js';
import type { LeaseStore } from '../src/ports/lease-store.js';
import type { RecordMaintenance, Retention } from '../src/ports/record-maintenance.js';
import type { QueueSignals } from '../src/ports/queue-gateway.js';
import type { RunSignals } from '../src/ports/run-signals.js';
import type { RunStore } from '../src/ports/run-store.js';
import type { SessionStore } from '../src/ports/session-store.js';
import type { RunnerJobStore } from '../src/ports/runner-job-store.js';
import type { RunnerPlatform } from '../src/ports/runner-platform.js';
import type { ClaimTokens, RunnerTokens } from '../src/ports/runner-tokens.js';
import type { TaskStore } from '../src/ports/task-store.js';
import type { Wakeups } from '../src/ports/wakeups.js';
import type { WarmRunnerStore } from '../src/ports/warm-runner-store.js';
import type { WarmPolicy } from '../src/domain/warm-pools.js';

/** All that activities reach; built once by `src/main`. */
export interface ActivityPorts {
  readonly runs: RunStore;
  readonly leases: LeaseStore;
  readonly jobs: RunnerJobStore;
  readonly warmRunners: WarmRunnerStore;
  readonly wakeups: Wakeups;
  readonly sessions: SessionStore;
  readonly tasks: TaskStore;
  readonly budgets: BudgetStore;
  readonly platform: RunnerPlatform;
  readonly backends: BackendCatalog;
  readonly tokens: RunnerTokens;
  readonly claimTokens: ClaimTokens;
  readonly signals: RunSignals;
  readonly queueSignals: QueueSignals;
  /** What the API can do, for activities that do the same: attempts of tasks, times of schedules, tries of deliveries. */
  readonly operations: OperationContext;
  readonly maintenance: RecordMaintenance;
  readonly retention: Retention;
  readonly events: EventStore;
  /** How many runners are kept; undefined where that is not capped. */
  readonly runnerRetention: RetentionPolicy | undefined;
  readonly warm: WarmPolicy;
  /** Where runners reach the manager. */
  readonly managerUrl: string;
  /** Aborts when this worker is about to stop: what never ends by itself hands over to another worker. */
  readonly stopping: AbortSignal;
  /** Tells of what went wrong and is tried again. */
  readonly log: (message: string, facts: Record<string, unknown>) => void;
}
