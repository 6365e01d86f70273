import { stringify } from 'smol-toml';
import type { ExecutionPolicy } from '../../../contract/run.js';
import { isTable, type TomlTable } from '../toml.js';

/** The provider's id in every generated config: a thread remembers it and is resumed with it. */
export const PROVIDER_ID = 'agentrun';

export type SandboxMode = 'read-only' | 'workspace-write' | 'danger-full-access';

export interface ConfigSource {
  /** The profile's config, parsed and without layers. */
  readonly config: TomlTable;
  /** The provider's table, without anything secret. */
  readonly provider: TomlTable;
  /** The proxy's. */
  readonly baseUrl: string;
  readonly policy: ExecutionPolicy;
}

/** They choose by name what the execution policy decides, or hold providers that must not be reached around the proxy. */
const DROPPED = ['model_providers', 'openai_base_url', 'profile', 'profiles', 'default_permissions'];

/** The text of the config.toml that codex starts with. It holds no credential of the provider's. */
export function codexConfig({ config, provider, baseUrl, policy }: ConfigSource): string {
  const kept = Object.fromEntries(Object.entries(config).filter(([key]) => !DROPPED.includes(key)));
  return stringify({
    check_for_update_on_startup: false,
    ...kept,
    model_provider: PROVIDER_ID,
    approval_policy: policy.approval,
    sandbox_mode: sandboxMode(policy),
    sandbox_workspace_write: { ...tableIn(config, 'sandbox_workspace_write'), network_access: policy.network },
    analytics: { ...tableIn(config, 'analytics'), enabled: false },
    model_providers: {
      [PROVIDER_ID]: { ...provider, base_url: baseUrl, requires_openai_auth: false, supports_websockets: false },
    },
  });
}

export function sandboxMode({ sandbox }: Pick<ExecutionPolicy, 'sandbox'>): SandboxMode {
  return sandbox === 'full-access' ? 'danger-full-access' : sandbox;
}

/** A config with the layer that it selects (`profile = "x"`) laid over it. */
export function withoutLayers(config: TomlTable): TomlTable {
  const { profile, profiles, ...base } = config;
  const layer = typeof profile === 'string' && isTable(profiles) ? profiles[profile] : undefined;
  return isTable(layer) ? { ...base, ...layer } : base;
}

function tableIn(config: TomlTable, key: string): TomlTable {
  return isTable(config[key]) ? config[key] : {};
}
