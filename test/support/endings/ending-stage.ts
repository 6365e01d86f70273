import { stringify } from 'smol-toml';
import { readRunFacts } from '../../../src/operations/runs/read-run-facts.js';
import { openPostgres, type Postgres } from '../../../src/postgres/index.js';
import { isJobOver } from '../../../src/domain/runner-job-status.js';
import type { RunFacts } from '../../../src/run-result/run-facts.js';
import { Api, eventually, type Loose } from '../api.js';
import { codexForTests } from '../codex.js';
import { runnerOfJob } from '../live-runner.js';
import { startMockProvider, type MockProvider } from '../mock-provider.js';
import type { Script } from '../mock-provider/reply.js';
import { startTestManager, type TestManager } from '../test-manager.js';

export const PROVIDER_KEY = 'sk-planted-5b7d0c93e2';
/** The profile that every turn of codex here runs on. */
const PROFILE = 'acme-codex';

/** A whole manager with real runners, the real codex and a scripted provider for it. */
export class EndingStage {
  private constructor(
    readonly manager: TestManager,
    readonly api: Api,
    readonly provider: MockProvider,
    private readonly postgres: Postgres,
  ) {}

  static async set(settings: Record<string, string>): Promise<EndingStage> {
    const codexPath = await codexForTests();
    const manager = await startTestManager({ AGENTRUN_CODEX_PATH: codexPath, ...settings });
    const connectionString = manager.database.connectionString;
    const postgres = openPostgres({
      connectionString,
      queryTimeoutMs: 30_000,
      maxConnections: 2,
      onConnectionError: () => undefined,
    });
    const api = new Api(manager.url, manager.operatorToken);
    return new EndingStage(manager, api, await startMockProvider([]), postgres);
  }

  get secrets(): string[] {
    return [PROVIDER_KEY, this.manager.operatorToken];
  }

  get dataDir(): string {
    return this.manager.dataDir;
  }

  async clear(): Promise<void> {
    await this.provider.close();
    await this.postgres.close();
    await this.manager.stop();
  }

  /** The profile as it is when a test says nothing: `more` goes into its provider's table. `apiKey` null leaves it unset. */
  async setProfile(more: Record<string, unknown> = {}, apiKey: string | null = PROVIDER_KEY): Promise<void> {
    const provider = { name: 'Mock', base_url: this.provider.baseUrl, env_key: 'MOCK_KEY', ...ONE_RETRY, ...more };
    const config = stringify({ model: 'mock-model', model_provider: 'mock', model_providers: { mock: provider } });
    const path = `/api/v1/provider-profiles/${PROFILE}`;
    await this.api.request('DELETE', path);
    await this.api.ok('PUT', `${path}/config`, { config });
    if (apiKey !== null) await this.api.ok('PUT', `${path}/credential`, { apiKey });
  }

  /** A run with one turn of codex, whose provider answers as the script says, and a runner for it. */
  async codexRun(script: Script, given: Given = {}): Promise<{ run: Loose; turn: Loose }> {
    const { executionPolicy, profile, apiKey, prompt, ...rest } = given;
    this.provider.script(script);
    await this.setProfile(profile, apiKey);
    const policy = { sandbox: 'full-access', ...executionPolicy };
    return this.started({ backendProfile: PROFILE, executionPolicy: policy, ...rest }, prompt ?? 'Say hello.');
  }

  /** A run on the exec backend with one command line and a runner for it. */
  async execRun(prompt: string, given: Record<string, unknown> = {}): Promise<{ run: Loose; turn: Loose }> {
    return this.started(given, prompt);
  }

  async launch(run: Loose): Promise<Loose> {
    return this.api.post(`/api/v1/runs/${run.id}/runner-jobs`, {});
  }

  async command(run: Loose, type: string, prompt?: string): Promise<Loose> {
    const payload = prompt === undefined ? {} : { prompt };
    return this.api.post(`/api/v1/runs/${run.id}/commands`, { type, payload });
  }

  /** The facts of a run once it has ended and its Job with it; of one command where it is named. */
  async ended(run: Loose): Promise<RunFacts> {
    await eventually(
      async () => this.api.get(`/api/v1/runs/${run.id}`),
      ({ terminalStatus }) => terminalStatus !== null,
      ENDED_MS,
    );
    return eventually(
      async () => this.facts(run),
      ({ runnerJob }) => runnerJob === null || isJobOver(runnerJob),
    );
  }

  async commandEnded(command: Loose): Promise<void> {
    await eventually(
      async () => this.api.get(`/api/v1/runs/${command.runId}/commands/${command.id}`),
      ({ terminalStatus }) => terminalStatus !== null,
      ENDED_MS,
    );
  }

  /** As the operation reads them, now. */
  async facts(run: Loose, command?: Loose): Promise<RunFacts> {
    const record = await this.postgres.runs.getRun(run.id, 'all');
    if (record === undefined) throw new Error(`no run ${run.id}`);
    const asked = command === undefined ? null : await this.postgres.runs.getCommand(command.id, 'all');
    return readRunFacts(this.postgres, record, asked ?? null);
  }

  /** Resolves with the first event of the run that matches. */
  async event(run: Loose, matches: (event: Loose) => boolean): Promise<Loose> {
    const events = await eventually(
      async () => this.api.events(run.id),
      (all) => all.some(matches),
    );
    return events.find(matches)!;
  }

  /** Sends a signal to the runner of a run's current Job; its wrapper and the agent's commands are others. */
  async signalRunner(run: Loose, signal: NodeJS.Signals): Promise<void> {
    const { items } = await this.api.get(`/api/v1/runs/${run.id}/runner-jobs`);
    process.kill(runnerOfJob(items.at(-1).jobName).runner.pid, signal);
  }

  /** Ends a run that was recorded while it was live. */
  async cancel(run: Loose): Promise<void> {
    await this.api.post(`/api/v1/runs/${run.id}/cancel`);
    await this.ended(run);
  }

  private async started(given: Record<string, unknown>, prompt: string): Promise<{ run: Loose; turn: Loose }> {
    const run = await this.api.createRun({ endsWithTurn: true, ...given });
    const turn = await this.api.addTurn(run.id, prompt);
    await this.launch(run);
    return { run, turn };
  }
}

type Given = Record<string, unknown> & {
  readonly executionPolicy?: Record<string, unknown>;
  readonly profile?: Record<string, unknown>;
  readonly apiKey?: string | null;
  readonly prompt?: string;
};

const ENDED_MS = 60_000;
/** So that failures come soon. */
const ONE_RETRY = { request_max_retries: 1, stream_max_retries: 1 };
