import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { unavailable } from '../domain/errors.js';
import type { PendingWork, RunHistory } from '../domain/run-history.js';
import { clear } from './clear-history.js';
import { describe } from './describe.js';
import { translate } from './errors.js';
import { failureWords, timeMs, type HistoryEvent } from './history-events.js';
import { historyFacts, isOurs, type HistoryReading } from './history-facts.js';
import { within } from './within.js';

/** Whoever asks why a run hangs must learn it also where Temporal is what hangs. */
const LIMIT_MS = 2_000;

/** Two pages of the server's largest: a run's whole life but for the longest ones, of which the end counts. */
const PAGES = { size: 1_000, most: 2 };

interface Execution {
  readonly workflowId: string;
  readonly executionId: string;
}

/** What `RunGateway.readHistory` promises. */
export async function readHistory(client: Client, workflowId: string, runId: string): Promise<RunHistory | undefined> {
  const reading = client.withDeadline(Date.now() + LIMIT_MS, async () => read(client, workflowId, runId));
  // A server that hangs may outlast the deadline of the call.
  const answer = await within(LIMIT_MS, reading, 'late' as const).catch((error: unknown) => {
    throw translate(error);
  });
  if (answer === 'late') throw unavailable('temporal');
  return answer;
}

async function read(client: Client, workflowId: string, runId: string): Promise<RunHistory | undefined> {
  const found = await findExecution(client, workflowId, runId);
  if (found === undefined) return undefined;
  try {
    const { events, isCut } = await newestEvents(client, found.execution);
    const { payloadCodecs } = client.options.loadedDataConverter;
    const { facts, timers, attempts } = historyFacts(await clear(events, payloadCodecs));
    const isOpen = found.description?.status.name === 'RUNNING';
    const open = isOpen ? await clear(found.description?.raw.pendingActivities ?? [], payloadCodecs) : [];
    const pending = pendingWork(open, attempts);
    return { facts, isCut: isCut || continuesAnother(events), pending, timers: isOpen ? timers : [] };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** The workflow may be another run's by now, where it is a session's: then the visibility store knows which execution was this run's. */
async function findExecution(client: Client, workflowId: string, runId: string) {
  const description = await describe(client, workflowId);
  if (description !== undefined && runIdOf(description) === runId) {
    return { execution: { workflowId, executionId: description.runId }, description };
  }
  const { namespace } = client.options;
  const query = `AgentRunRunId = '${runId}'`;
  const { executions } = await client.workflowService.listWorkflowExecutions({ namespace, query, pageSize: 1 });
  const execution = executions?.[0]?.execution;
  if (!execution?.workflowId || !execution.runId) return undefined;
  return { execution: { workflowId: execution.workflowId, executionId: execution.runId }, description: undefined };
}

function runIdOf(description: WorkflowExecutionDescription): unknown {
  const pair = description.typedSearchAttributes.getAll().find(({ key }) => key.name === 'AgentRunRunId');
  return pair?.value;
}

/** Oldest first; read from the end, because how things stand is there. */
async function newestEvents(client: Client, { workflowId, executionId }: Execution) {
  const { namespace } = client.options;
  const execution = { workflowId, runId: executionId };
  const events: HistoryEvent[] = [];
  let nextPageToken: Uint8Array | undefined;
  for (let page = 0; page < PAGES.most; page += 1) {
    const answer = await client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace,
      execution,
      maximumPageSize: PAGES.size,
      nextPageToken,
    });
    events.push(...(answer.history?.events ?? []));
    nextPageToken = answer.nextPageToken ?? undefined;
    if (nextPageToken === undefined || nextPageToken.length === 0) return { events: events.reverse(), isCut: false };
  }
  return { events: events.reverse(), isCut: true };
}

function continuesAnother([first]: readonly HistoryEvent[]): boolean {
  return Boolean(first?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId);
}

type PendingActivities = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>;

function pendingWork(activities: PendingActivities, attempts: HistoryReading['attempts']): PendingWork[] {
  return activities.map((pending) => ({
    activity: pending.activityType?.name ?? '',
    tries: pending.attempt ?? 1,
    scheduledAtMs: timeMs(pending.lastStartedTime ?? pending.scheduledTime),
    attempt: attempts.get(pending.activityId ?? '') ?? null,
    failure: pending.lastFailure ? failureWords(pending.lastFailure, isOurs) : null,
  }));
}

/** Retention took it between finding and reading it. */
function isGone(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 5;
}
