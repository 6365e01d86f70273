import { stringify } from 'smol-toml';
import type { CommandRecord } from '../../src/contract/command.js';
import type { EventRecord } from '../../src/contract/event.js';
import type { RunRecord } from '../../src/contract/run.js';
import { runningCommands } from '../../src/processes/process-identity.js';
import { codexForTests } from './codex.js';
import { startMockProvider, type MockProvider } from './mock-provider.js';
import type { Script } from './mock-provider/reply.js';
import { RunnerFixture } from './runner-fixture.js';
import type { ScriptedManager } from './scripted-manager.js';

export const PROVIDER_KEY = 'sk-planted-2f6c9d1e7b';

type Payload = EventRecord['payload'];

/** A run whose agent is the real codex, with a scripted manager on one side and a scripted provider on the other. */
export class CodexRunner {
  private constructor(
    readonly fixture: RunnerFixture,
    readonly provider: MockProvider,
    private readonly codexPath: string,
  ) {}

  static async create(script: Script, run: Partial<RunRecord> = {}): Promise<CodexRunner> {
    const codexPath = await codexForTests();
    const provider = await startMockProvider(script);
    const fixture = await RunnerFixture.create({ backendProfile: 'codex', ...run });
    fixture.manager.run.executionPolicy.sandbox = 'full-access';
    fixture.manager.backendKind = 'codex';
    const runner = new CodexRunner(fixture, provider, codexPath);
    runner.configure({});
    return runner;
  }

  get manager(): ScriptedManager {
    return this.fixture.manager;
  }

  /** The profile's config: `more` goes into the provider's table, `top` beside it. */
  configure(more: Record<string, unknown>, top: Record<string, unknown> = {}): void {
    const provider = {
      name: 'Mock',
      base_url: this.provider.baseUrl,
      env_key: 'MOCK_KEY',
      request_max_retries: 1,
      stream_max_retries: 1,
      ...more,
    };
    const tools = { update_plan: { enabled: true } };
    const config = { model: 'mock-model', model_provider: 'mock', tools, ...top, model_providers: { mock: provider } };
    this.fixture.secrets = { 'provider-profile/codex': { config: stringify(config), apiKey: PROVIDER_KEY } };
  }

  get environment(): Record<string, string> {
    return { AGENTRUN_CODEX_PATH: this.codexPath };
  }

  start(more: Record<string, string> = {}): ReturnType<RunnerFixture['start']> {
    return this.fixture.start({ ...this.environment, ...more });
  }

  spawn(more: Record<string, string> = {}): ReturnType<RunnerFixture['spawn']> {
    return this.fixture.spawn({ ...this.environment, ...more });
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

  /** @throws when it does not run */
  codexPid(): number {
    const found = runningCommands().find(({ pid, command }) => {
      return command.endsWith('codex app-server') && this.fixture.living().some((entry) => entry.pid === pid);
    });
    if (!found) throw new Error('codex does not run');
    return found.pid;
  }

  async dispose(): Promise<void> {
    await this.fixture.dispose();
    await this.provider.close();
  }
}
