import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Api, eventually, type Loose } from '../api.js';
import { startTestManager, type TestManager } from '../test-manager.js';

/** All events of one execution of a workflow. */
export type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

/** A whole manager with real runners, and what a life needs to play on it. */
export class Stage {
  private cleared: Promise<void> | undefined;

  private constructor(
    readonly manager: TestManager,
    readonly api: Api,
    readonly temporal: Client,
    private readonly connection: Connection,
  ) {}

  /** `temporal`: the namespace of an earlier stage, whose workflows go on here. */
  static async set(settings: Record<string, string>, temporal?: TestManager['temporal']): Promise<Stage> {
    const manager = await startTestManager(settings, { temporal });
    const { address, namespace } = manager.temporal;
    const connection = await Connection.connect({ address });
    const api = new Api(manager.url, manager.operatorToken);
    return new Stage(manager, api, new Client({ connection, namespace }), connection);
  }

  /** Stops the manager; the second time there is nothing to do. */
  async clear(): Promise<void> {
    await (this.cleared ??= this.connection.close().then(async () => this.manager.stop()));
  }

  async launch(run: Loose, more: Record<string, unknown> = {}): Promise<Loose> {
    return this.api.post(`/api/v1/runs/${run.id}/runner-jobs`, more);
  }

  async run(runId: string): Promise<Loose> {
    return this.api.get(`/api/v1/runs/${runId}`);
  }

  async untilCommand(command: Loose, state: string): Promise<void> {
    const path = `/api/v1/runs/${command.runId}/commands/${command.id}`;
    await eventually(
      async () => this.api.get(path),
      (record) => record.state === state,
    );
  }

  /** Resolves when the agent has printed it. */
  async untilPrinted(runId: string, text: string): Promise<void> {
    await eventually(
      async () => this.api.events(runId),
      (events) => events.some(({ type, payload }) => type === 'command_output' && payload.text.includes(text)),
    );
  }

  /** Sends a signal to the runner of a Job and to its wrapper; the agent is in another group. */
  async signalRunner({ jobName }: Loose, signal: NodeJS.Signals): Promise<void> {
    const file = join(this.manager.dataDir, 'runners', jobName, 'pid.json');
    process.kill(-JSON.parse(await readFile(file, 'utf8')).pid, signal);
  }

  /** Takes the run as soon as it is free, with a lease of `leaseMs`; answers what that runner may do. */
  async claim(runId: string, runnerId: string, leaseMs = 60_000): Promise<Api> {
    const { body } = await eventually(
      async () => this.api.request('POST', `/api/v1/runs/${runId}/claim`, { runnerId, leaseMs }),
      ({ status }) => status === 200,
    );
    return this.api.as(body.data.runnerToken);
  }

  /** The histories of a run's workflow in order, once it has ended; more than one where it continued as new. */
  async lived(runId: string): Promise<History[]> {
    const { workflowId } = await this.run(runId);
    await this.temporal.workflow.getHandle(workflowId).result();
    return this.executions(workflowId);
  }

  /** Every execution's history, oldest first. */
  async executions(workflowId: string): Promise<History[]> {
    const histories: History[] = [];
    for (let runId: string | null | undefined = ''; runId !== undefined && runId !== null;) {
      const history: History = await this.temporal.workflow.getHandle(workflowId, runId || undefined).fetchHistory();
      histories.unshift(history);
      runId = history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
    }
    return histories;
  }
}
