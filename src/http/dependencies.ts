import type { Logger } from 'pino';
import type { Authenticator } from '../auth/authenticate.js';
import type { OperationContext } from '../operations/context.js';
import type { HealthProbes } from '../ports/health-probes.js';
import type { ConsoleFiles } from './console/console-files.js';
import type { RequestTelling } from '../telemetry/observe-requests.js';
import type { RateLimits } from './rate-limit.js';
import type { OpenRequests } from './open-requests.js';
import type { SharedReads } from './shared-reads.js';

/** What the HTTP side needs; only src/main puts it together. */
export interface HttpDependencies {
  readonly operations: OperationContext;
  readonly authenticator: Authenticator;
  readonly probes: HealthProbes;
  readonly logger: Logger;
  /** Tells of requests as spans and figures. */
  readonly telling: RequestTelling;
  readonly settings: HttpSettings;
  /** The pages of the web console; absent where they were not built. */
  readonly consoleFiles?: ConsoleFiles;
}

/** Sizes in bytes, durations in milliseconds. */
export interface HttpSettings {
  readonly sourceCommit: string;
  readonly databaseAdapter: string;
  /** False where the database is not reached by a URL that holds a password. */
  readonly databaseUrlUsed: boolean;
  readonly platformKind: string;
  /** Address of Temporal's web interface; null where none is known. */
  readonly temporalUiUrl?: string | null;
  readonly temporalNamespace?: string;
  /** Address of a trace's page, with `{traceId}` in it; null where none is known. */
  readonly traceUiUrlTemplate?: string | null;
  /** How many operator tokens are known; told by health, never the tokens. */
  readonly operatorTokens: number;
  /** Default 8 MiB. */
  readonly bodyLimitBytes?: number;
  /** No limit when absent. */
  readonly rateLimits?: RateLimits;
  /** How often an idle event stream says that it is alive; default 15 s. */
  readonly heartbeatMs?: number;
}

/** What handlers are given: the dependencies, the requests that are held open, and what they share. */
export interface App extends HttpDependencies {
  readonly openRequests: OpenRequests;
  /** What event streams read. */
  readonly sharedReads: SharedReads;
}
