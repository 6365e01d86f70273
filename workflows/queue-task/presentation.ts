import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { SearchAttributeName } from '../../src/domain/search-attributes.js';
import type { TaskInput, TaskStateView } from '../../src/domain/task-messages.js';
import { phaseOf, stateOf, type TaskData } from './task-data.js';

const statusKey = keyword('AgentRunStatus');
const phaseKey = keyword('AgentRunPhase');

/** Makes the Temporal UI an operator's page. Search attributes cost an event each time, so they change on transitions only. */
export function presentTask(input: TaskInput, data: TaskData): void {
  const attributes = workflowInfo().typedSearchAttributes;
  const status = stateOf(data);
  const phase = phaseOf(data);
  if (attributes.get(statusKey) !== status || attributes.get(phaseKey) !== phase) {
    upsertSearchAttributes([
      { key: statusKey, value: status },
      { key: phaseKey, value: phase },
    ]);
  }
  setCurrentDetails(details(input, data));
}

/** Answer of the state query. */
export function taskStateView({ taskId }: TaskInput, data: TaskData): TaskStateView {
  const { attempt, version, wait } = data;
  const waitingUntil = wait === null ? null : new Date(wait.untilMs).toISOString();
  return { taskId, state: stateOf(data), phase: phaseOf(data), attempt, version, waitingUntil };
}

function details(input: TaskInput, data: TaskData): string {
  const ended = data.outcome === null ? '' : ` (${data.outcome.failureKind ?? data.outcome.status})`;
  const run = data.live?.started?.runId;
  return [
    `**${phaseOf(data)}**${ended}: attempt ${data.attempt}, try ${data.tries} of ${input.retry.maxAttempts}`,
    // Else the list would be one paragraph with it.
    '',
    `- run: ${run === undefined ? 'none' : `\`${run}\``}`,
    ...(data.wait === null ? [] : [`- waits until ${new Date(data.wait.untilMs).toISOString()}`]),
    `- task \`${input.taskId}\`, queue \`${input.queue}\`, tenant \`${input.tenantId}\`, priority ${input.priority}`,
  ].join('\n');
}

function keyword(name: SearchAttributeName) {
  return defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);
}
