import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { SearchAttributeName } from '../../src/domain/search-attributes.js';
import { isTerminalStatus } from '../../src/domain/outcome.js';
import type { RunInput, RunStateView } from '../../src/domain/run-messages.js';
import { nextStep } from './next-step.js';
import type { RunData } from './run-data.js';

const statusKey = keyword('AgentRunStatus');
const phaseKey = keyword('AgentRunPhase');

/** Where a run is, in one word, as operators filter for it. */
function phaseOf(data: RunData): string {
  const { status, attempt, claimedBy } = data.lifecycle;
  if (isTerminalStatus(status)) return 'terminal';
  if (data.cancel !== null) return 'cancelling';
  if (claimedBy !== null)
    return data.commands.some(isLiveTurn) ? 'turn-running' : status === 'running' ? idlePhase(data) : 'claimed';
  if (attempt > 1) return 'retrying';
  return data.job.wanted ? 'runner-starting' : 'waiting-for-runner';
}

/** A turn that ended because its agent asked something waits for whoever answers it with a further turn. */
function idlePhase({ lastTurn }: RunData): string {
  return lastTurn?.status === 'blocked' && lastTurn.failureKind === null ? 'needs-input' : 'idle';
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
  const { job, lastTurn } = data;
  const ended = outcome === null ? '' : ` (${outcome.failureKind ?? outcome.status})`;
  return [
    `**${phase}**${ended}: attempt ${attempt} of ${maxAttempts}`,
    // Else the list would be one paragraph with it.
    '',
    `- runner: ${claimedBy ?? 'none'}`,
    `- runner Job: ${jobWords(job)}`,
    `- open commands: ${data.commands.length}${lastTurn === null ? '' : `, last turn ${lastTurn.failureKind ?? lastTurn.status}`}`,
    `- next: ${nextWords(input, data, phase)}`,
    `- run \`${input.runId}\`, tenant \`${input.tenantId}\`, backend \`${input.backendProfile}\``,
  ].join('\n');
}

function jobWords({ underWay, launchedFor, askedFor }: RunData['job']): string {
  if (underWay !== null) return `${underWay}, for attempt ${launchedFor ?? askedFor ?? 1}`;
  if (launchedFor !== null) return `made for attempt ${launchedFor}`;
  return askedFor === null ? 'nobody asked for one' : `asked for, for attempt ${askedFor}`;
}

/** What an operator can do, or what comes by itself and when. */
function nextWords(input: RunInput, data: RunData, phase: string): string {
  const advice = Object.hasOwn(ADVICE, phase) ? ADVICE[phase] : undefined;
  const step = nextStep(input, data, Date.now());
  const waits =
    step.do === 'wait' && step.untilMs !== null ? `“${step.name}” at ${new Date(step.untilMs).toISOString()}` : '';
  return [advice, waits].filter((words) => words).join('; ') || 'nothing';
}

const ADVICE: Readonly<Record<string, string>> = {
  'waiting-for-runner': 'ask for a runner Job, or let a runner claim it',
  'runner-starting': 'wait for the runner, or look at its Job',
  retrying: 'wait for the next attempt, or look at why the last one was lost',
  'needs-input': 'answer with a further turn',
  idle: 'send a turn, or let it end',
  cancelling: 'wait for its runner to stop',
};

function isLiveTurn(command: RunData['commands'][number]): boolean {
  return command.lifecycle.type === 'turn' && command.lifecycle.state === 'acknowledged';
}

function keyword(name: SearchAttributeName) {
  return defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);
}
