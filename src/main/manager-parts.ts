import type { Logger } from 'pino';
import type { Settings } from '../config.js';
import type { OperationContext } from '../operations/context.js';
import type { RunnerPlatform } from '../ports/runner-platform.js';
import type { Postgres } from '../postgres/index.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import type { TemporalLink } from '../temporal/connection.js';
import type { Keys } from './keys.js';

export interface ManagerOptions {
  readonly settings: Settings;
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  /** Of the Temporal that was started with this manager; the settings' own comes first. */
  readonly temporalUiUrl?: string;
  readonly keys: Keys;
  readonly platform: RunnerPlatform;
  readonly searchPath: string;
  /** Where `agentrun backend install` puts programs. */
  readonly cacheDir: string;
  readonly logger: Logger;
  /** What of the manager this process is; both in the embedded stack. */
  readonly roles: { readonly api: boolean; readonly worker: boolean };
}

/** What both roles are made from. */
export interface ManagerParts {
  readonly postgres: Postgres;
  readonly temporal: TemporalLink;
  readonly telemetry: Telemetry;
  readonly operations: OperationContext;
}
