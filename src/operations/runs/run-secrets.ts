import type { BackendProfile } from '../../contract/backend.js';
import type { RunRecord } from '../../contract/run.js';
import { hasProfiles } from '../../domain/profiles.js';
import type { SecretRef } from '../../domain/secrets.js';
import { toolCredentialRefs } from '../../domain/tool-credentials.js';

/** The bundles that a run's runner is handed. */
export function secretsOfRun(run: RunRecord, backend: Pick<BackendProfile, 'kind'>): SecretRef[] {
  return [...secretsOfBackend(run.backendProfile, backend), ...toolCredentialRefs(run)];
}

/** Those that every run of the profile needs. */
export function secretsOfBackend(backendProfile: string, { kind }: Pick<BackendProfile, 'kind'>): SecretRef[] {
  return hasProfiles(kind) ? [{ kind: 'provider-profile', name: backendProfile }] : [];
}
