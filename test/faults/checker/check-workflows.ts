import type { Round } from '../harness/round.js';
import type { Complaints } from './complaints.js';

/** Those that end with what they are for; queues and watchers go on. */
const OF_THINGS = ['runWorkflow', 'queueTaskWorkflow', 'scheduledTaskWorkflow', 'evictSessionWorkflow'];
/** Of the causes why a workflow's task can fail: its code did not do again what it had done, or threw. */
const OF_THE_CODE = [14, 24];

export async function openWorkflows({ system, beganAt }: Round): Promise<string[]> {
  return workflowIds(system, `ExecutionStatus = 'Running' AND ${isOfRound(beganAt)}`);
}

/** No orphan workflow, none that failed, and none that could not be replayed. */
export async function checkWorkflows({ system, beganAt }: Round): Promise<Complaints> {
  const since = isOfRound(beganAt);
  const wrong = `${since} AND ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated')`;
  const complaints = (await workflowIds(system, wrong)).map((id) => `workflow ${id} did not complete`);
  for await (const { workflowId, runId } of system.temporal.link.client.workflow.list({ query: since })) {
    const { events } = await system.temporal.link.client.workflow.getHandle(workflowId, runId).fetchHistory();
    const failed = (events ?? []).map((event) => event.workflowTaskFailedEventAttributes);
    for (const task of failed) {
      if (task && OF_THE_CODE.includes(Number(task.cause)))
        complaints.push(`workflow ${workflowId} failed a task: ${task.failure?.message}`);
    }
  }
  return complaints;
}

async function workflowIds({ temporal }: Round['system'], query: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { workflowId } of temporal.link.client.workflow.list({ query })) found.push(workflowId);
  return found;
}

function isOfRound(beganAt: Date): string {
  const types = OF_THINGS.map((type) => `'${type}'`).join(', ');
  return `StartTime >= '${beganAt.toISOString()}' AND WorkflowType IN (${types})`;
}
