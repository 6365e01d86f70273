import { join } from 'node:path';
import { folders, type Settings } from '../config.js';
import { jobNamePrefix } from '../config/runner-retention.js';
import { runnerTelemetry } from '../config/telemetry-settings.js';
import { RUNNER_PROGRAM, RUNNER_VARIABLES } from '../domain/runner-program.js';
import { LocalPlatform } from '../local-platform/local-platform.js';
import { packageRoot } from '../processes/package-root.js';

/** Runners as processes of this machine. What they inherit is the platform's list, not this process's environment. */
export function createLocalPlatform(
  settings: Settings,
  dataDir: string,
  secretsKey: Uint8Array,
  environment: Readonly<Record<string, string | undefined>>,
  warn: (message: string, error: unknown) => void,
): LocalPlatform {
  const platform = new LocalPlatform({
    dataDir,
    secretsKey,
    volumeQuotaBytes: settings.AGENTRUN_LOCAL_VOLUME_QUOTA_BYTES ?? null,
    jobNamePrefix: jobNamePrefix(settings),
    warn,
    program: {
      nodePath: process.execPath,
      entryPath: join(packageRoot, RUNNER_PROGRAM),
      environment,
      settings: {
        [RUNNER_VARIABLES.leaseMs]: String(settings.AGENTRUN_RUNNER_LEASE_MS),
        [RUNNER_VARIABLES.idleTimeoutMs]: String(settings.AGENTRUN_RUNNER_IDLE_TIMEOUT_MS),
        [RUNNER_VARIABLES.sourceCommit]: settings.AGENTRUN_SOURCE_COMMIT,
        [RUNNER_VARIABLES.logLevel]: settings.AGENTRUN_LOG_LEVEL,
        ...runnerTelemetry(settings),
        // A runner looks for its agent's program itself, so that one installed later is found without a restart.
        [RUNNER_VARIABLES.cacheDir]: folders(settings, environment).cacheDir,
        ...(settings.AGENTRUN_CODEX_PATH && { [RUNNER_VARIABLES.codexPath]: settings.AGENTRUN_CODEX_PATH }),
      },
    },
  });
  // Nobody waits for it: what is left harms nobody but by being there.
  platform.secrets.sweep().catch((error: unknown) => warn('unfinished files of secrets could not be deleted', error));
  return platform;
}
