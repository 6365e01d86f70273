import type { ExecutionPolicy } from '../contract/run.js';
import type { AipodSpecStore } from '../ports/aipod-spec-store.js';
import type { BackendCatalog } from '../ports/backend-catalog.js';
import type { BudgetStore } from '../ports/budget-store.js';
import type { BoardRecords } from '../ports/board-records.js';
import type { DeliveryStore } from '../ports/delivery-store.js';
import type { EventStore } from '../ports/event-store.js';
import type { LeaseStore } from '../ports/lease-store.js';
import type { PayloadReader } from '../ports/payload-reader.js';
import type { QueueGateway } from '../ports/queue-gateway.js';
import type { RunGateway } from '../ports/run-gateway.js';
import type { RunStore } from '../ports/run-store.js';
import type { RunnerJobStore } from '../ports/runner-job-store.js';
import type { RunnerGateway } from '../ports/runner-gateway.js';
import type { RunnerPlatform, Volumes } from '../ports/runner-platform.js';
import type { RunnerTokens } from '../ports/runner-tokens.js';
import type { ScheduleGateway } from '../ports/schedule-gateway.js';
import type { ScheduleStore } from '../ports/schedule-store.js';
import type { SessionGateway } from '../ports/session-gateway.js';
import type { SessionStore } from '../ports/session-store.js';
import type { SecretStore } from '../ports/secret-store.js';
import type { TaskStore } from '../ports/task-store.js';
import type { Wakeups } from '../ports/wakeups.js';
import type { WarmRunnerStore } from '../ports/warm-runner-store.js';
import type { WebhookGateway } from '../ports/webhook-gateway.js';
import type { WebhookSender } from '../ports/webhook-sender.js';
import type { WebhookStore } from '../ports/webhook-store.js';
import type { Sequencer } from './runs/sequencer.js';
import type { SendQueue } from './sessions/send-queue.js';
import type { RunLimits } from './runs/run-limits.js';

/** Everything that an operation may reach. */
export interface OperationContext {
  readonly runs: RunStore;
  readonly events: EventStore;
  readonly leases: LeaseStore;
  readonly jobs: RunnerJobStore;
  readonly warmRunners: WarmRunnerStore;
  readonly specs: AipodSpecStore;
  readonly sessions: SessionStore;
  readonly webhooks: WebhookStore;
  readonly deliveries: DeliveryStore;
  readonly schedules: ScheduleStore;
  readonly tasks: TaskStore;
  readonly budgets: BudgetStore;
  readonly board: BoardRecords;
  readonly payloads: PayloadReader;
  readonly gateway: RunGateway;
  readonly sessionGateway: SessionGateway;
  readonly runnerGateway: RunnerGateway;
  readonly webhookGateway: WebhookGateway;
  readonly scheduleGateway: ScheduleGateway;
  readonly webhookSender: WebhookSender;
  readonly queueGateway: QueueGateway;
  /** What is sent to one session is handed over together; one for the process. */
  readonly sends: SendQueue;
  /** Messages to one workflow go one after another; one for the process. */
  readonly sequencer: Sequencer;
  readonly wakeups: Wakeups;
  readonly runnerTokens: RunnerTokens;
  readonly backends: BackendCatalog;
  readonly secrets: SecretStore;
  readonly limits: RunLimits;
  /** Of a run that names none. */
  readonly defaultSandbox: ExecutionPolicy['sandbox'];
  /** A run's workflow goes on in a new execution at so many history events. */
  readonly continueAsNewAtEvents: number;
  /** How and where the platform's Jobs are called. */
  readonly platform: Pick<RunnerPlatform, 'jobNamePrefix' | 'namespace'>;
  readonly volumes: Volumes;
  /** Whether a runner Job may have this image whoever asks for it. */
  readonly allowsImage: (image: string) => boolean;
  /** Whether a run may have a clone of this repository, whoever asks for it. */
  readonly allowsRepository: (repoUrl: string) => boolean;
  /** Tells those who operate this what went wrong where the caller got an answer all the same. Of `error` no message is logged that may quote data. */
  readonly log: (message: string, facts: Readonly<Record<string, unknown>> & { readonly error: unknown }) => void;
}
