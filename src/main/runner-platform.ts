import type { Settings } from '../config.js';
import type { RunnerPlatform } from '../ports/runner-platform.js';
import { createKubernetesPlatform } from './kubernetes-runners.js';
import { createLocalPlatform } from './local-runners.js';

/** Where runners run, as AGENTRUN_PLATFORM says. @throws ConfigurationError that names the variable. */
export async function createPlatform(
  settings: Settings,
  dataDir: string,
  secretsKey: Uint8Array,
  environment: Readonly<Record<string, string | undefined>>,
  warn: (message: string, error: unknown) => void,
): Promise<RunnerPlatform> {
  if (settings.AGENTRUN_PLATFORM === 'kubernetes') return createKubernetesPlatform(settings, environment, warn);
  return createLocalPlatform(settings, dataDir, secretsKey, environment, warn);
}
