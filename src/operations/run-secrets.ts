import type { BackendProfile } from '../contract/backend.js';
import type { RunRecord } from '../contract/run.js';
import { hasProfiles } from '../domain/profiles.js';
import type { SecretRef } from '../domain/secrets.js';

/** The bundles that a run's runner is handed. */
export function secretsOfRun(run: RunRecord, backend: Pick<BackendProfile, 'kind'>): SecretRef[] {
  return hasProfiles(backend.kind) ? [{ kind: 'provider-profile', name: run.backendProfile }] : [];
}
