import type { HandedSecrets } from '../domain/secrets.js';
import type { AgentProcesses } from './agent-processes.js';
import type { AttemptScope } from './attempt-scope.js';
import type { Backend } from './backends/backend.js';
import type { BackendContext } from './backends/registry.js';
import type { RunnerConfig } from './config.js';
import type { EventOutbox } from './events/outbox.js';
import type { LentSshKey } from './lent-ssh-key.js';
import type { Log } from './log.js';
import type { Tracing } from '../telemetry/tracing.js';
import type { RunApi } from './run-api.js';

/** What an attempt is made of before it is claimed. */
export interface AttemptParts {
  readonly config: RunnerConfig;
  /** What this runner was handed. No process of the agent may see any of it. */
  readonly secrets: HandedSecrets;
  readonly sshKey: LentSshKey;
  readonly api: RunApi;
  readonly scope: AttemptScope;
  readonly outbox: EventOutbox;
  readonly processes: AgentProcesses;
  readonly createBackend: (kind: string, context: BackendContext) => Backend;
  readonly log: Log;
  readonly tracing: Tracing;
}
