import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { SearchAttributeName } from '../../src/domain/search-attributes.js';
import { isTerminalStatus } from '../../src/domain/outcome.js';
import type { RunInput, RunStateView } from '../../src/domain/run-messages.js';
import type { RunData } from './run-data.js';

const statusKey = keyword('AgentRunStatus');
const phaseKey = keyword('AgentRunPhase');

/** Where a run is, in one word, as operators filter for it. */
function phaseOf(data: RunData): string {
  const { status, attempt, claimedBy } = data.lifecycle;
  if (isTerminalStatus(status)) return 'terminal';
  if (data.cancel !== null) return 'cancelling';
  if (claimedBy !== null)
    return data.commands.some(isLiveTurn) ? 'turn-running' : status === 'running' ? 'idle' : 'claimed';
  if (attempt > 1) return 'retrying';
  return data.job.wanted ? 'runner-starting' : 'waiting-for-runner';
}

/** Makes the Temporal UI an operator's page. Search attributes cost an event each time, so they change on transitions only. */
export function present(input: RunInput, data: RunData): void {
  const attributes = workflowInfo().typedSearchAttributes;
  const { status } = data.lifecycle;
  const phase = phaseOf(data);
  if (attributes.get(statusKey) !== status || attributes.get(phaseKey) !== phase) {
    upsertSearchAttributes([
      { key: statusKey, value: status },
      { key: phaseKey, value: phase },
    ]);
  }
  setCurrentDetails(details(input, data, phase));
}

/** Answer of the state query. */
export function stateView(input: RunInput, data: RunData): RunStateView {
  const { status, attempt, claimedBy } = data.lifecycle;
  return {
    runId: input.runId,
    status,
    attempt,
    version: data.version,
    claimedBy,
    openCommands: data.commands.map(({ id, seq, lifecycle }) => ({
      id,
      seq,
      type: lifecycle.type,
      state: lifecycle.state,
    })),
    phase: phaseOf(data),
  };
}

function details(input: RunInput, data: RunData, phase: string): string {
  const { attempt, maxAttempts, claimedBy, outcome } = data.lifecycle;
  const ended = outcome === null ? '' : ` (${outcome.failureKind ?? outcome.status})`;
  return [
    `**${phase}**${ended}: attempt ${attempt} of ${maxAttempts}`,
    `- runner: ${claimedBy ?? 'none'}`,
    `- open commands: ${data.commands.length}`,
    `- run \`${input.runId}\`, tenant \`${input.tenantId}\`, backend \`${input.backendProfile}\``,
  ].join('\n');
}

function isLiveTurn(command: RunData['commands'][number]): boolean {
  return command.lifecycle.type === 'turn' && command.lifecycle.state === 'acknowledged';
}

function keyword(name: SearchAttributeName) {
  return defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);
}
