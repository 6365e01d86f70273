import type { Round } from '../harness/round.js';
import { readLedgers } from './ledger.js';

/** Puts what the records say of the round into its history, for whoever looks into a failure: the system itself is gone by then. */
export async function keepEvidence(round: Round): Promise<void> {
  const { system, history, firstChange, beganAt } = round;
  const changes = await system.query('SELECT at, thing, id, becomes FROM fault_audit WHERE n > $1 ORDER BY n', [
    firstChange,
  ]);
  for (const change of changes) history.add('records', 'info', 'change', change);
  const events = await system.query(
    'SELECT e.created_at AS at, e.run_id, e.seq, e.type, e.payload FROM run_events e JOIN runs r ON r.id = e.run_id WHERE r.created_at >= $1 ORDER BY 1, 2, 3',
    [beganAt],
  );
  for (const event of events) history.add('records', 'info', 'event', event);
  for (const line of await readLedgers(round)) history.add('agents', 'info', 'ledger', line);
  await keepWorkflows(round);
}

/** What happened in each workflow, and when; what was said in it is in the records. */
async function keepWorkflows({ system, history, beganAt }: Round): Promise<void> {
  const { workflow } = system.temporal.link.client;
  for await (const { workflowId, runId } of workflow.list({ query: `StartTime >= '${beganAt.toISOString()}'` })) {
    const { events } = await workflow.getHandle(workflowId, runId).fetchHistory();
    const told = (events ?? []).map((event) => `${timeOf(event.eventTime)} ${kindOf(event)}`);
    history.add('workflows', 'info', workflowId, told);
  }
}

function timeOf(time: { seconds?: unknown; nanos?: number | null } | null | undefined): string {
  return new Date(Number(time?.seconds ?? 0) * 1_000 + (time?.nanos ?? 0) / 1e6).toISOString();
}

function kindOf(event: object): string {
  return (
    Object.keys(event)
      .find((name) => name.endsWith('EventAttributes'))
      ?.replace('EventAttributes', '') ?? ''
  );
}
