import { stringify } from 'smol-toml';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommandRecord } from '../../src/contract/command.js';
import type { EventRecord } from '../../src/contract/event.js';
import type { RunRecord } from '../../src/contract/run.js';
import { RunnerFixture } from './runner-fixture.js';
import type { ScriptedManager } from './scripted-manager.js';

export const AGENT_PROGRAM = fileURLToPath(new URL('../runner/acp/programs/agent.js', import.meta.url));
export const AGENT_KEY = 'planted-2f6c9d1e7b';

type Payload = EventRecord['payload'];

/** A run whose agent speaks ACP, with a scripted manager: the tests' own agent, or whichever the config names. */
export class AcpRunner {
  private constructor(readonly fixture: RunnerFixture) {}

  static async create(run: Partial<RunRecord> = {}): Promise<AcpRunner> {
    const fixture = await RunnerFixture.create({ backendProfile: 'acp', ...run });
    fixture.manager.backendKind = 'acp';
    fixture.manager.run.executionPolicy.sandbox = 'full-access';
    const runner = new AcpRunner(fixture);
    runner.configure({});
    return runner;
  }

  get manager(): ScriptedManager {
    return this.fixture.manager;
  }

  /** The tests' agent, capable of `abilities`; `more` goes into the profile's config. */
  configure(abilities: Record<string, unknown>, more: Record<string, unknown> = {}): void {
    const { env = {}, ...rest } = more as { env?: Record<string, string> };
    const store = join(this.fixture.volumeDir, 'agent-memory.json');
    const config = {
      command: [process.execPath, AGENT_PROGRAM],
      api_key_env: 'AGENT_KEY',
      env: { AGENT: JSON.stringify({ store, ...abilities }), ...env },
      ...rest,
    };
    this.configureWith(config, AGENT_KEY);
  }

  configureWith(config: Record<string, unknown>, apiKey?: string): void {
    const bundle = { config: stringify(config), ...(apiKey !== undefined && { apiKey }) };
    this.fixture.secrets = { 'provider-profile/acp': bundle };
  }

  /** What a runner makes of one turn, to its end. */
  async turn(prompt: string, timeoutMs?: number): Promise<CommandRecord> {
    const turn = this.manager.add('turn', prompt);
    void this.fixture.start();
    await this.manager.ended(turn, timeoutMs);
    return turn;
  }

  nextAttempt(): ReturnType<RunnerFixture['start']> {
    const { run } = this.manager;
    run.attempt += 1;
    return this.fixture.start({ AGENTRUN_ATTEMPT: String(run.attempt) });
  }

  /** Payloads of a type, of one command or of all. */
  payloads(type: EventRecord['type'], command?: CommandRecord): Payload[] {
    const ofType = this.manager.events.filter((event) => event.type === type).map(({ payload }) => payload);
    return command === undefined ? ofType : ofType.filter(({ commandId }) => commandId === command.id);
  }

  /** Resolves with the first such payload. */
  async payload(type: EventRecord['type'], matches: (payload: Payload) => boolean): Promise<Payload> {
    const find = () => this.payloads(type).find(matches);
    await this.manager.until(() => find() !== undefined, `${type} ${String(matches)}`);
    return find() ?? {};
  }

  /** What the agent said to a command, whole. */
  said(command: CommandRecord): unknown[] {
    return this.payloads('assistant_message', command)
      .filter(({ status }) => status === 'completed')
      .map(({ text }) => text);
  }

  dispose(): Promise<void> {
    return this.fixture.dispose();
  }
}
