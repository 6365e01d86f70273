// Compiled by a test, as a user's program would be, against the types that the package gives out.
import { AgentRun, type RunRecord, type TaskSummary } from 'agentrun/client';

const agentrun = new AgentRun({ baseUrl: 'http://localhost:8080', token: 'token' });

export async function use(): Promise<string> {
  const task: TaskSummary = await agentrun.tasks.create({ prompt: 'work', tenantId: 'a', projectId: 'b' });
  const run: RunRecord = await agentrun.runs.get(task.latestAttempt?.runId ?? '');
  // @ts-expect-error: no run is in such a state
  const isOdd = run.status === 'odd';
  // @ts-expect-error: a priority is a number
  await agentrun.tasks.create({ prompt: 'work', priority: 'high' });
  for await (const event of agentrun.runs.tail(run.id)) if (event.type === 'error') return event.createdAt;
  return isOdd ? run.status : task.state;
}
