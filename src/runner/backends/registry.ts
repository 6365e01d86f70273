import type { SecretFields } from '../../domain/secrets.js';
import type { RunnerConfig } from '../config.js';
import { AcpBackend } from './acp/acp-backend.js';
import { BackendError, type Backend } from './backend.js';
import { CodexBackend } from './codex/codex-backend.js';
import { ExecBackend } from './exec/exec-backend.js';

/** What a backend is made from. */
export interface BackendContext {
  /** The name of the run's backend profile. */
  readonly profile: string;
  /** The profile's own. */
  readonly secrets: SecretFields;
  readonly config: Pick<RunnerConfig, 'agentEnvironment' | 'codexPath' | 'cacheDir'>;
}

export type BackendFactory = (context: BackendContext) => Backend;

const BUILT_IN: Readonly<Record<string, BackendFactory>> = {
  exec: () => new ExecBackend(),
  codex: ({ profile, secrets, config }) => {
    const { agentEnvironment: environment, codexPath: explicitPath, cacheDir } = config;
    const search = { explicitPath, cacheDir, pathEnv: environment['PATH'] ?? '' };
    return new CodexBackend({ profile, secrets, environment, search });
  },
  acp: ({ profile, secrets }) => new AcpBackend({ profile, secrets }),
};

/** @throws BackendError when this runner has no such backend. */
export function createBackend(
  kind: string,
  context: BackendContext,
  factories: Readonly<Record<string, BackendFactory>> = BUILT_IN,
): Backend {
  const factory = Object.hasOwn(factories, kind) ? factories[kind] : undefined;
  if (factory === undefined) {
    const known = Object.keys(factories).join(', ');
    throw new BackendError('runner-start-failed', `this runner has no backend "${kind}" (it has: ${known})`);
  }
  return factory(context);
}
