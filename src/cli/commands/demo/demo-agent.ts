import { stringify } from 'smol-toml';
import { findCodex } from '../../../backend-programs/find-codex.js';
import { installCodex } from '../../../backend-programs/install-codex.js';
import type { HttpClient } from '../../../client/http-client.js';
import { folders } from '../../../config.js';
import { usageError } from '../../cli-error.js';
import type { CliContext } from '../../context.js';
import { PROMPT } from './repository.js';
import type { Steps } from './steps.js';

export interface DemoAgentOptions {
  readonly backend: 'exec' | 'codex';
  /** Base URL of a provider that speaks the Responses API; OpenAI's when absent. */
  readonly provider?: string;
  readonly model?: string;
  /** Environment variable that holds the provider's key. */
  readonly apiKeyEnv?: string;
}

/** Who repairs the repository, and what it has to be given first. */
export interface DemoAgent {
  readonly backendProfile: string;
  readonly prompt: string;
  /** Before the stack is started: what runners on this machine will look for. */
  fetch(steps: Steps): Promise<void>;
  /** On the stack: its profile. */
  setUp(client: HttpClient): Promise<void>;
}

/** @throws CliError for options that do not go together, and a key that is not there. */
export function demoAgent(context: CliContext, options: DemoAgentOptions): DemoAgent {
  if (options.backend === 'codex') return new CodexInDemo(context, options);
  const stray = (['provider', 'model', 'apiKeyEnv'] as const).find((name) => options[name] !== undefined);
  if (stray !== undefined) throw usageError(`--${KEBAB[stray]} goes with --backend codex`);
  return { backendProfile: 'exec', prompt: PROMPT, fetch: async () => undefined, setUp: async () => undefined };
}

const KEBAB = { provider: 'provider', model: 'model', apiKeyEnv: 'api-key-env' } as const;

const TASK = `The tests of this project fail: run \`node --test cart.test.js\`.
Find out why, repair cart.js, and run the tests again until they pass. Change nothing else.`;

const OWN_PROVIDER = 'demo';
const OWN_KEY = 'DEMO_PROVIDER_KEY';

class CodexInDemo implements DemoAgent {
  readonly backendProfile = 'codex';
  readonly prompt = TASK;
  readonly #apiKey: string | undefined;

  constructor(
    private readonly context: CliContext,
    private readonly options: DemoAgentOptions,
  ) {
    const { apiKeyEnv, provider } = options;
    this.#apiKey = apiKeyEnv === undefined ? undefined : context.environment[apiKeyEnv];
    if (apiKeyEnv !== undefined && !this.#apiKey) throw usageError(`the variable ${apiKeyEnv} is not set`);
    if (provider === undefined && apiKeyEnv === undefined)
      throw usageError('give --provider <base url>, or --api-key-env <name> of the variable that holds an OpenAI key');
  }

  async fetch({ show }: Steps): Promise<void> {
    const settings = this.context.settings();
    const { cacheDir } = folders(settings, this.context.environment);
    const pathEnv = this.context.environment['PATH'] ?? '';
    const found = await findCodex({ explicitPath: settings.AGENTRUN_CODEX_PATH, pathEnv, cacheDir });
    if (found === undefined) await installCodex({ cacheDir, pathEnv, onProgress: show });
  }

  async setUp(client: HttpClient): Promise<void> {
    const profile = '/api/v1/provider-profiles/codex';
    await client.put(`${profile}/config`, { config: stringify(this.#config()) });
    if (this.#apiKey !== undefined) await client.put(`${profile}/credential`, { apiKey: this.#apiKey });
  }

  #config(): Record<string, unknown> {
    const { provider, model } = this.options;
    const chosen = model === undefined ? {} : { model };
    if (provider === undefined) return chosen;
    const key = this.#apiKey === undefined ? {} : { env_key: OWN_KEY };
    const table = { name: 'Demo', base_url: provider, wire_api: 'responses', ...key };
    return { ...chosen, model_provider: OWN_PROVIDER, model_providers: { [OWN_PROVIDER]: table } };
  }
}
