import type { ProviderProfile } from '../../../contract/provider-profile.js';
import { ago } from '../../durations.js';
import type { Colors } from '../../output.js';

/** `✓ ready`, `✕ not ready`, `○ not set`. */
export function readyWord({ configured, ready }: ProviderProfile, { green, red, dim }: Colors): string {
  if (ready) return green('✓ ready');
  return configured ? red('✕ not ready') : dim('○ not set');
}

export function configWords({ config }: ProviderProfile): string {
  return config.configured ? `sha256 ${config.sha256?.slice(0, 12) ?? ''}, set ${since(config.updatedAt)}` : 'none';
}

export function credentialWords({ credential }: ProviderProfile): string {
  const { configured, type, fingerprint, updatedAt } = credential;
  return configured ? `${type ?? ''} ${fingerprint ?? ''}, set ${since(updatedAt)}` : 'none';
}

function since(updatedAt: string | null): string {
  return updatedAt === null ? '' : ago(Date.now() - Date.parse(updatedAt));
}
