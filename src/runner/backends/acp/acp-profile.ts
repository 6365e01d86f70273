import { AcpSettingsFault, readAcpSettings, type AcpSettings } from '../../../domain/acp-profile.js';
import type { SecretFields } from '../../../domain/secrets.js';
import { BackendError, type OpenThread } from '../backend.js';
import { parseProfileConfig } from '../toml.js';

/** @throws BackendError which names the place in the config, and repeats nothing of it. */
export function acpSettings(secrets: SecretFields, profile: string): AcpSettings {
  const file = parseProfileConfig(secrets['config'], profile);
  try {
    return readAcpSettings(file);
  } catch (error) {
    if (!(error instanceof AcpSettingsFault)) throw error;
    const words = `the config of the profile "${profile}": ${error.path.join('.')} ${error.what}`;
    throw new BackendError('runner-start-failed', words);
  }
}

/** What the agent's environment holds besides the runner's. @throws BackendError `backend-unauthorized` */
export function acpEnvironment(
  settings: AcpSettings,
  secrets: SecretFields,
  { profile, open }: { readonly profile: string; readonly open: Pick<OpenThread, 'stateDir' | 'workspaceDir'> },
): Record<string, string> {
  const placed = (value: string) =>
    value.replaceAll('{state}', open.stateDir).replaceAll('{workspace}', open.workspaceDir);
  const env = Object.fromEntries(Object.entries(settings.env).map(([name, value]) => [name, placed(value)]));
  if (settings.apiKeyEnv === null) return env;
  const key = secrets['apiKey']?.trim();
  if (key) return { ...env, [settings.apiKeyEnv]: key };
  const words = `the agent takes a key from ${settings.apiKeyEnv} and the profile "${profile}" has none: set its apiKey`;
  throw new BackendError('backend-unauthorized', words);
}
