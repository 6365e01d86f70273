import { rm } from 'node:fs/promises';
import { CODEX_NOT_INSTALLED, findCodex, type CodexSearch } from '../../../backend-programs/find-codex.js';
import type { SecretFields } from '../../../domain/secrets.js';
import { makePrivateFolder } from '../../../processes/private-folder.js';
import { secretsOf } from '../../provider-proxy/secrets.js';
import { ProviderProxy } from '../../provider-proxy/provider-proxy.js';
import { BackendError, type AgentThread, type Backend, type OpenThread } from '../backend.js';
import { codexConfig, withoutLayers } from './codex-config.js';
import { CodexHome } from './codex-home.js';
import { CodexThread } from './codex-thread.js';
import { patienceMs } from './outage-watch.js';
import { checkSandbox, initialize, openCodexThread } from './handshake.js';
import { providerSettings, type ProviderSettings } from './provider-settings.js';
import { redactor } from '../redact.js';
import { readThreadRecord, writeThreadRecord } from '../thread-record.js';
import { parseProfileConfig, type TomlTable } from '../toml.js';

export interface CodexBackendOptions {
  /** The backend profile's name. */
  readonly profile: string;
  /** The profile's: `config` (TOML), `apiKey`, `authJson`; each may be left out. */
  readonly secrets: SecretFields;
  /** The agent's own. */
  readonly environment: Readonly<Record<string, string>>;
  readonly search: CodexSearch;
}

const NO_NETWORK_RULE = 'with the sandbox full-access the network cannot be kept from the agent';

interface Profile {
  readonly config: TomlTable;
  readonly provider: ProviderSettings;
}

/** Drives `codex app-server`. Its provider is reached through a proxy in this process, which alone has the key. */
export class CodexBackend implements Backend {
  readonly kind = 'codex';
  readonly capabilities = { steer: true, interrupt: true, resume: true, usage: true };

  constructor(private readonly options: CodexBackendOptions) {}

  async open(open: OpenThread): Promise<AgentThread> {
    const profile = this.#profile();
    const program = await this.#program();
    const home = new CodexHome(open.stateDir);
    await home.prepare();
    // Codex leaves things in the temporary folder.
    const scratch = await makePrivateFolder();
    const headersMs = Math.min(profile.provider.target.silenceMs, patienceMs(open.policy));
    const target = { ...profile.provider.target, headersMs };
    let thread: CodexThread | undefined;
    const proxy = await ProviderProxy.start(target, (trouble) => thread?.troubled(trouble));
    const redact = redactor(secretsOf(target), { [proxy.baseUrl]: target.baseUrl.href.replace(/\/$/, '') });
    const release = async () => {
      // What is left of the folder, since something still writes there, is swept when this process is gone.
      const removed = rm(scratch, { recursive: true, force: true }).catch(() => {});
      await Promise.all([proxy.close(), removed]);
    };
    try {
      await home.writeConfig(this.#configText(profile, proxy, open));
      const env = { ...home.environment, ...this.#proxyExceptions(), TMPDIR: scratch };
      const child = open.processes.spawn(program, ['app-server'], { cwd: open.workspaceDir, stdio: 'pipe', env });
      thread = new CodexThread({ open, child, proxy, release, redact });
      await this.#shakeHands(thread, open);
      return thread;
    } catch (error) {
      const said = thread?.server.lastWords(4);
      await (thread?.close({ force: true }) ?? release());
      throw asBackendError(error as Error, redact, said);
    }
  }

  async #shakeHands(thread: CodexThread, open: OpenThread): Promise<void> {
    const { stateDir, threadId, workspaceDir, policy } = open;
    const record = await readThreadRecord(stateDir);
    const asked = { server: thread.server, threadId, record, workspaceDir, policy };
    await initialize(thread.server);
    await checkSandbox(asked);
    const opened = await openCodexThread(asked);
    const isNew = opened !== threadId;
    if (isNew) await writeThreadRecord(stateDir, { threadId: opened, begun: false });
    if (policy.sandbox === 'full-access' && !policy.network) warn(open, NO_NETWORK_RULE);
    thread.opened(opened, { hasBegun: !isNew && !(record?.threadId === opened && !record.begun) });
  }

  #profile(): Profile {
    const { profile, secrets, environment } = this.options;
    const config = withoutLayers(parseProfileConfig(secrets['config'], profile));
    return { config, provider: providerSettings({ config, secrets, profile, environment }) };
  }

  async #program(): Promise<string> {
    const found = await findCodex(this.options.search).catch((error: unknown) => error as Error);
    if (found instanceof Error) throw new BackendError('runner-start-failed', found.message);
    if (!found) throw new BackendError('runner-start-failed', CODEX_NOT_INSTALLED);
    return found.path;
  }

  #configText({ config, provider }: Profile, { baseUrl }: ProviderProxy, { policy }: OpenThread): string {
    return codexConfig({ config, provider: provider.table, baseUrl, policy });
  }

  /** An agent that reaches the world through a proxy of its own must still reach ours directly. */
  #proxyExceptions(): Record<string, string> {
    const { environment } = this.options;
    if (!Object.keys(environment).some((name) => /^(https?|all)_proxy$/i.test(name))) return {};
    const exceptions = [environment['NO_PROXY'] ?? environment['no_proxy'], '127.0.0.1'].filter(Boolean).join(',');
    return { NO_PROXY: exceptions, no_proxy: exceptions };
  }
}

function warn({ events }: OpenThread, message: string): void {
  events.emit({ type: 'backend_status', payload: { phase: 'warning', message } });
}

function asBackendError(error: Error, redact: (text: string) => string, said: string | undefined): BackendError {
  if (error instanceof BackendError) return new BackendError(error.failureKind, redact(error.message));
  const words = said ? `${error.message}: ${said}` : error.message;
  // Without its cause, which is not redacted.
  return new BackendError('runner-start-failed', redact(words));
}
