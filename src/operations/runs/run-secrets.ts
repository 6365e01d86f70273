import type { BackendProfile } from '../../contract/backend.js';
import type { RunRecord } from '../../contract/run.js';
import { hasProfiles } from '../../domain/profiles.js';
import type { SecretRef } from '../../domain/secrets.js';
import { toolCredentialRefs } from '../../domain/tool-credentials.js';

/** The bundles that a run's runner is handed. */
export function secretsOfRun(run: RunRecord, backend: Pick<BackendProfile, 'kind'>): SecretRef[] {
  const profile: SecretRef = { kind: 'provider-profile', name: run.backendProfile };
  return [...(hasProfiles(backend.kind) ? [profile] : []), ...toolCredentialRefs(run)];
}
