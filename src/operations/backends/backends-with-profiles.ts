import type { BackendProfile } from '../../contract/backend.js';
import { AgentRunError } from '../../domain/errors.js';
import { hasProfiles, profileRef } from '../../domain/profiles.js';
import type { BackendCatalog } from '../../ports/backend-catalog.js';
import type { SecretBundle, SecretStore } from '../../ports/secret-store.js';
import type { HasProgram } from './built-in-backends.js';
import { acpBackend } from '../provider-profiles/acp-backend.js';
import { credentialFault, keptProfile } from '../provider-profiles/kept-profile.js';

/**
 * The built-in backends, each with what is kept under its name, and every other profile that is kept: a built-in backend under
 * another name, with other settings, or an agent of one's own that speaks ACP. A profile is ready when its program is there and its
 * provider would let it in.
 */
export function backendsWithProfiles(
  builtIn: BackendCatalog,
  secrets: SecretStore,
  hasProgram: HasProgram,
): BackendCatalog {
  const named = async (backends: readonly BackendProfile[], bundle: SecretBundle): Promise<BackendProfile[]> => {
    const profile = keptProfile(bundle.ref.name, bundle);
    if (profile.kind === 'acp') return [await acpBackend(profile, hasProgram)];
    const backend = backends.find(({ name }) => name === profile.kind);
    return backend === undefined ? [] : [asProfile(backend, bundle.ref.name, bundle)];
  };
  return {
    tools: () => builtIn.tools(),

    async list() {
      const backends = await builtIn.list();
      const kept = await secrets.list('provider-profile').catch((error: unknown) => unavailableWords(error));
      if (typeof kept === 'string') return backends.map((backend) => withReason(backend, kept));
      const names = new Set(backends.map(({ name }) => name));
      const set = (name: string) => kept.find(({ ref }) => ref.name === name);
      const others = kept.filter(({ ref }) => !names.has(ref.name));
      return [
        ...backends.map((backend) =>
          hasProfiles(backend.kind) ? asProfile(backend, backend.name, set(backend.name)) : backend,
        ),
        ...(await Promise.all(others.map(async (bundle) => named(backends, bundle)))).flat(),
      ];
    },

    async kindOf(name) {
      const kind = await builtIn.kindOf(name);
      if (kind !== undefined) return kind;
      const bundle = await readable(secrets, name);
      const kept = bundle && keptProfile(name, bundle).kind;
      return kept === undefined || kept === 'acp' ? kept : builtIn.kindOf(kept);
    },

    async get(name) {
      const backend = await builtIn.get(name);
      if (backend !== undefined && !hasProfiles(backend.kind)) return backend;
      const bundle = await readable(secrets, name);
      if (backend !== undefined) return asProfile(backend, name, bundle);
      return bundle === undefined ? undefined : (await named(await builtIn.list(), bundle))[0];
    },
  };
}

function asProfile(backend: BackendProfile, name: string, bundle: SecretBundle | undefined): BackendProfile {
  const profile = { ...backend, name };
  // A missing program is the first thing to mend.
  return backend.ready ? withReason(profile, credentialFault(keptProfile(name, bundle))) : profile;
}

function withReason(backend: BackendProfile, reason: string | null): BackendProfile {
  const counts = reason !== null && backend.ready && hasProfiles(backend.kind);
  return counts ? { ...backend, ready: false, reason } : backend;
}

/** As a list has it: what cannot be read is there all the same, and says why it cannot. */
async function readable(secrets: SecretStore, name: string): Promise<SecretBundle | undefined> {
  const ref = profileRef(name);
  try {
    return await secrets.read(ref);
  } catch (error) {
    if (!(error instanceof AgentRunError) || error.refusal === 'unavailable') throw error;
    return { ref, fields: {}, updatedAtMs: 0, unreadable: error.message };
  }
}

function unavailableWords(error: unknown): string {
  if (error instanceof AgentRunError) return error.message;
  throw error;
}
