import type { Client } from '@temporalio/client';
import { setTimeout as delay } from 'node:timers/promises';
import { claimRun, createRun, type Bed } from '../bed.js';
import { countTypes, type Histories, type History } from '../histories.js';
import { idleHours } from './idle-hours.js';

/** Counted, not timed: the same on every machine. */
export async function historyCases(bed: Bed): Promise<Histories> {
  const histories = [
    await byHand(bed),
    await byRunner(bed),
    ...(await bySends(bed)),
    ...(await byTask(bed)),
    await bare(bed),
  ];
  return { histories, idleHours: await idleHours() };
}

const ENDED = { terminalStatus: 'completed' };

async function addTurn({ api }: Bed, runId: string): Promise<string> {
  const turn = { type: 'turn', payload: { prompt: 'true' } };
  return (await api.send('POST', `/api/v1/runs/${runId}/commands`, turn)).id;
}

async function byHand(bed: Bed): Promise<History> {
  const id = await createRun(bed.api);
  const commandId = await addTurn(bed, id);
  const { runner } = await claimRun(bed.api, id);
  await runner.send('POST', `/api/v1/commands/${commandId}/ack`, {});
  await runner.send('PATCH', `/api/v1/commands/${commandId}/status`, ENDED);
  await runner.send('PATCH', `/api/v1/runs/${id}/status`, ENDED);
  return historyOf(bed.bareTemporal.client, `run:${id}`, 'one turn, claimed by hand');
}

async function byRunner(bed: Bed): Promise<History> {
  const { api } = bed;
  const id = await createRun(api);
  const commandId = await addTurn(bed, id);
  await api.send('POST', `/api/v1/runs/${id}/runner-jobs`, { commandId });
  await untilEnded(bed, id, commandId);
  await api.send('PATCH', `/api/v1/runs/${id}/status`, ENDED);
  return historyOf(bed.bareTemporal.client, `run:${id}`, 'one turn, local runner Job');
}

/** A session's run of two sends, and what the second, to its idle runner, added: until the workflow has looked after it. */
async function bySends(bed: Bed): Promise<History[]> {
  const { api, bareTemporal } = bed;
  const sessionId = `history-${process.pid}`;
  const workflowId = `session:${sessionId}`;
  const send = async () => {
    const { run, command } = await api.send('POST', `/api/v1/sessions/${sessionId}/send`, { prompt: 'true', run: RUN });
    await untilEnded(bed, run.id, command.id);
    await delay(LOOKED_MS);
    return run.id;
  };
  await send();
  const first = await lengthOf(bareTemporal.client, workflowId);
  const runId = await send();
  const further = (await lengthOf(bareTemporal.client, workflowId)) - first;
  await api.send('PATCH', `/api/v1/runs/${runId}/status`, ENDED);
  return [await historyOf(bareTemporal.client, workflowId, `a session's run of two sends (${further} of the second)`)];
}

async function byTask({ api, bareTemporal }: Bed): Promise<History[]> {
  const { id } = await api.send('POST', '/api/v1/queue/tasks', { ...RUN, prompt: 'true', autoDispatch: true });
  const task = await historyOf(bareTemporal.client, `task:${id}`, 'a task, dispatched as it is made');
  const { latestAttempt } = await api.send('GET', `/api/v1/queue/tasks/${id}`);
  const run = await historyOf(bareTemporal.client, `run:${latestAttempt?.runId}`, "that task's run, local runner Job");
  return [task, run];
}

/** Longer than a look after senders takes. */
const LOOKED_MS = 6_000;
const RUN = { tenantId: 'bench', projectId: 'bench', backendProfile: 'exec' };

async function untilEnded({ api }: Bed, runId: string, commandId: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while ((await api.send('GET', `/api/v1/runs/${runId}/commands/${commandId}`)).state !== 'completed') {
    if (performance.now() > deadline) throw new Error(`the turn of ${runId} was not over within 30 s`);
    await delay(20);
  }
}

async function lengthOf(client: Client, workflowId: string): Promise<number> {
  return (await client.workflow.getHandle(workflowId).describe()).historyLength;
}

/** As many updates as one turn by hand takes, on the trivial workflow; all but the first and the last with one activity. */
async function bare({ bareTemporal }: Bed): Promise<History> {
  const workflowId = await bareTemporal.open();
  for (let i = 0; i < 4; i += 1) await bareTemporal.record(workflowId);
  await bareTemporal.end(workflowId);
  return historyOf(bareTemporal.client, workflowId, 'trivial workflow, 6 updates, 4 activities');
}

async function historyOf(client: Client, workflowId: string, name: string): Promise<History> {
  const handle = client.workflow.getHandle(workflowId);
  await handle.result();
  const { events } = await handle.fetchHistory();
  const { historySize } = await handle.describe();
  return { name, events: events?.length ?? 0, bytes: historySize ?? 0, byType: countTypes(events ?? []) };
}
