import { Client, Connection, WithStartWorkflowOperation } from '@temporalio/client';
import { endUpdate, recordUpdate, touchUpdate, type bareWorkflow, type helloWorkflow } from './workflow.js';

export const BARE_TASK_QUEUE = 'bench-bare';

/** The floor of what goes through Temporal: the trivial workflow, asked by the SDK's own client. */
export class BareTemporal {
  #numbered = 0;

  private constructor(
    private readonly connection: Connection,
    readonly client: Client,
  ) {}

  static async connect(address: string): Promise<BareTemporal> {
    const connection = await Connection.connect({ address });
    return new BareTemporal(connection, new Client({ connection }));
  }

  /** Starts a workflow by Update-with-Start; answers its id. */
  async open(): Promise<string> {
    const workflowId = `bare:${process.pid}:${(this.#numbered += 1)}`;
    const startWorkflowOperation = new WithStartWorkflowOperation<typeof bareWorkflow>('bareWorkflow', {
      workflowId,
      taskQueue: BARE_TASK_QUEUE,
      args: [],
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
    await this.client.workflow.executeUpdateWithStart(touchUpdate, { startWorkflowOperation });
    return workflowId;
  }

  /** A workflow from its start to its result. */
  async hello(): Promise<void> {
    const workflowId = `hello:${process.pid}:${(this.#numbered += 1)}`;
    await this.client.workflow.execute<typeof helloWorkflow>('helloWorkflow', {
      workflowId,
      taskQueue: BARE_TASK_QUEUE,
      args: [],
    });
  }

  touch = async (workflowId: string) => this.client.workflow.getHandle(workflowId).executeUpdate(touchUpdate);
  record = async (workflowId: string) => this.client.workflow.getHandle(workflowId).executeUpdate(recordUpdate);
  end = async (workflowId: string) => this.client.workflow.getHandle(workflowId).executeUpdate(endUpdate);

  async close(): Promise<void> {
    await this.connection.close();
  }
}
