import type { AcpSettings } from '../../../domain/acp-profile.js';
import type { SecretFields } from '../../../domain/secrets.js';
import {
  BackendError,
  type AgentEvent,
  type AgentThread,
  type Backend,
  type BackendCapabilities,
  type OpenThread,
} from '../backend.js';
import { redactor } from '../redact.js';
import { readThreadRecord, writeThreadRecord } from '../thread-record.js';
import { acpEnvironment, acpSettings } from './acp-profile.js';
import { AcpThread } from './acp-thread.js';
import { failureOfError } from './failure.js';
import { authenticate, enterMode, initialize, openSession, type DeclaredAgent } from './handshake.js';
import { hider } from './hide.js';

export interface AcpBackendOptions {
  /** The backend profile's name. */
  readonly profile: string;
  /** The profile's: `config` (TOML), `apiKey`; the latter may be left out. */
  readonly secrets: SecretFields;
}

const LAST_WORDS_LINES = 4;

/** Drives any agent that speaks the Agent Client Protocol. What it is capable of, it declares. */
export class AcpBackend implements Backend {
  readonly kind = 'acp';
  #capabilities: BackendCapabilities = { steer: true, interrupt: true, resume: true, usage: true };

  constructor(private readonly options: AcpBackendOptions) {}

  /** The agent's, once it has declared them; before, those that one may have. */
  get capabilities(): BackendCapabilities {
    return this.#capabilities;
  }

  async open(open: OpenThread): Promise<AgentThread> {
    const { profile, secrets } = this.options;
    const settings = acpSettings(secrets, profile);
    const env = acpEnvironment(settings, secrets, { profile, open });
    const key: Record<string, string> = settings.apiKeyEnv === null ? {} : { key: env[settings.apiKeyEnv] ?? '' };
    const redact = redactor(Object.values(key));
    const hide = hider(Object.values(key));
    let thread: AcpThread | undefined;
    try {
      const [program, ...parameters] = settings.command;
      const child = open.processes.spawn(program, parameters, { cwd: open.workspaceDir, stdio: 'pipe', env });
      thread = new AcpThread({ open, child, redact, hide });
      await this.#shakeHands(thread, settings, open, hide);
      return thread;
    } catch (error) {
      const said = thread?.connection.lastWords(LAST_WORDS_LINES);
      await thread?.close({ force: true });
      throw asBackendError(error as Error, redact, said);
    }
  }

  async #shakeHands(
    thread: AcpThread,
    settings: AcpSettings,
    open: OpenThread,
    hide: (event: AgentEvent) => AgentEvent,
  ): Promise<void> {
    const { connection } = thread;
    const { stateDir, threadId, workspaceDir } = open;
    const agent = await initialize(connection);
    this.#capabilities = agent.capabilities;
    for (const event of [agentEvent(agent), ...warningsOf(open.policy)]) open.events.emit(hide(event));
    await authenticate(connection, agent, settings.authMethod);
    const record = await readThreadRecord(stateDir);
    const opened = await openSession({ connection, agent, threadId, record, workspaceDir });
    await enterMode(connection, opened, settings.mode);
    const isNew = opened.sessionId !== threadId;
    const kept = isNew
      ? { threadId: opened.sessionId, begun: false }
      : { begun: true, ...(record?.threadId === threadId ? record : {}), threadId: opened.sessionId };
    if (isNew) await writeThreadRecord(stateDir, kept);
    thread.opened({ threadId: opened.sessionId, agent, record: kept });
  }
}

function agentEvent({ name, version, capabilities, resumeBy }: DeclaredAgent): AgentEvent {
  const payload = { phase: 'agent/initialized', agent: name, version, protocol: 'acp', capabilities, resumeBy };
  return { type: 'backend_status', payload };
}

/** The protocol has no words for these: an agent keeps what rules it has of its own. */
function warningsOf({ sandbox, network }: OpenThread['policy']): AgentEvent[] {
  const lost = [...(sandbox === 'full-access' ? [] : [`the sandbox ${sandbox}`]), ...(network ? [] : ['no network'])];
  if (lost.length === 0) return [];
  const message = `the run's policy asks for ${lost.join(' and ')}, which nobody but the agent itself can keep to`;
  return [{ type: 'backend_status', payload: { phase: 'warning', message } }];
}

function asBackendError(error: Error, redact: (text: string) => string, said: string | undefined): BackendError {
  if (error instanceof BackendError) return new BackendError(error.failureKind, redact(error.message));
  const { failureKind, message } = failureOfError(error);
  const words = said ? `${message}: ${said}` : message;
  const kind = failureKind === 'backend-failed' ? 'runner-start-failed' : failureKind;
  // Without its cause, which is not redacted.
  return new BackendError(kind, redact(words));
}
