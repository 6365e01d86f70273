import {
  type Client,
  type UpdateDefinition,
  WithStartWorkflowOperation,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, type TypedSearchAttributes } from '@temporalio/common';
import { TASK_QUEUE } from '../domain/ids.js';
import { RunRefused } from '../domain/refusals.js';
import type {
  AddCommand,
  Answer,
  OpenRunAnswer,
  RunInput,
  SendToSession,
  SendToSessionAnswer,
  ToRun,
} from '../domain/run-messages.js';
import type { SearchAttributeName } from '../domain/search-attributes.js';
import type { RunAddress, RunGateway } from '../ports/run-gateway.js';
import type { RunSignals, SignalResult } from '../ports/run-signals.js';
import * as messages from '../../workflows/run/messages.js';
import type { runWorkflow } from '../../workflows/run/workflow.js';
import { AnswerWriter, type Records } from './answer-writer.js';
import { answered, isReady } from './answered.js';
import { describe } from './describe.js';
import { isAlreadyStarted, translate } from './errors.js';
import { hasClosed } from './has-closed.js';
import { keywordAttributes } from './keyword-attributes.js';
import { readHistory } from './read-history.js';

const RUN_ID = defineSearchAttributeKey('AgentRunRunId' satisfies SearchAttributeName, SearchAttributeType.KEYWORD);

/**
 * The only caller of the Temporal client. Says what `RunGateway` and `RunSignals` promise. Given the records, it writes what workflows
 * decide there by itself; otherwise they do before they answer.
 */
export function createRunGateway(client: Client, records?: Records): RunGateway & RunSignals {
  const writer = new AnswerWriter(client, records);
  const update =
    <A extends object, M extends ToRun>(definition: UpdateDefinition<Answer<A> | undefined, [M]>) =>
    async (address: RunAddress, message: M) => {
      const given = await decided(client, address, async () =>
        client.workflow.getHandle(address.workflowId).executeUpdate(definition, { args: [writer.signed(message)] }),
      );
      const about = 'commandId' in message ? [String(message.commandId)] : [];
      const { answer, forgotten } = await writer.write(address, given, about);
      refuseForgotten(forgotten);
      return answer;
    };
  const tell = <M extends ToRun>(definition: UpdateDefinition<Answer | undefined, [M]>) => {
    const told = update(definition);
    return async (address: RunAddress, message: M): Promise<void> => {
      await told(address, message);
    };
  };
  const signal = async (
    workflowId: string,
    send: (handle: ReturnType<Client['workflow']['getHandle']>) => Promise<void>,
  ) => toldOrGone(send(client.workflow.getHandle(workflowId)));
  return {
    openRun: async (address, input) => openRun(client, writer, address, input),
    ...sends(client, writer),
    claimRun: update(messages.claimRunUpdate),
    addCommand: async (address, message) => addCommand(client, writer, address, message),
    ackCommand: tell(messages.ackCommandUpdate),
    finishCommand: tell(messages.finishCommandUpdate),
    cancelCommand: tell(messages.cancelCommandUpdate),
    finishRun: tell(messages.finishRunUpdate),
    cancelRun: tell(messages.cancelRunUpdate),
    requestRunnerJob: tell(messages.requestRunnerJobUpdate),
    isLive: async ({ workflowId }, runId) => answered(client, async () => isLive(client, workflowId, runId)),
    isKnown: async ({ workflowId }) => answered(client, async () => (await describe(client, workflowId)) !== undefined),
    queryRunState: async ({ workflowId }) =>
      answered(client, async () => client.workflow.getHandle(workflowId).query(messages.runStateQuery)),
    readHistory: async ({ workflowId }, runId) => readHistory(client, workflowId, runId),
    ready: async () => isReady(client),
    leaseExpired: async (workflowId, message) =>
      signal(workflowId, async (handle) => handle.signal(messages.leaseExpiredSignal, message)),
    runnerExited: async (workflowId, message) => {
      await signal(workflowId, async (handle) => handle.signal(messages.runnerExitedSignal, message));
    },
  };
}

/** What a workflow answers; whoever waits to ask it may do so then, while that is written. */
async function decided<T>(client: Client, { onDecided }: RunAddress, ask: () => Promise<T>): Promise<T> {
  const answer = await answered(client, ask);
  onDecided?.();
  return answer;
}

/** One Update-with-Start: whoever comes first starts the workflow, and everybody learns which run it has. */
async function openRun(
  client: Client,
  writer: AnswerWriter,
  address: RunAddress,
  input: RunInput,
): Promise<OpenRunAnswer> {
  try {
    const opened = await decided(client, address, async () => {
      const message = writer.signed<ToRun>({ runId: input.runId });
      return client.workflow.executeUpdateWithStart(messages.openRunUpdate, {
        args: [message],
        startWorkflowOperation: startOperation(address, input, input.opening?.runnerJob ?? false),
      });
    });
    return (await writer.write<OpenRunAnswer>(address, opened)).answer;
  } catch (error) {
    if (isAlreadyStarted(error)) return { opened: true };
    throw error;
  }
}

/** The update id lets Temporal itself answer a repeat with the first result: to who writes by itself not with another's. */
async function addCommand(client: Client, writer: AnswerWriter, address: RunAddress, message: AddCommand) {
  const { commandId } = message;
  const updateId = `${writer.writes ? 'add-and-write' : 'add'}:${commandId}`;
  const added = await decided(client, address, async () =>
    client.workflow
      .getHandle(address.workflowId)
      .executeUpdate(messages.addCommandUpdate, { args: [writer.signed(message)], updateId }),
  );
  const { answer, forgotten } = await writer.write(address, added, [commandId]);
  refuseForgotten(forgotten);
  return answer;
}

function sends(client: Client, writer: AnswerWriter): Pick<RunGateway, 'sendToSession' | 'sendToLiveRun'> {
  return {
    sendToSession: async (address, input, message) =>
      send(client, writer, { address, message }, async (args) => {
        const wantsJob = message.sends.some(({ runnerJob }) => runnerJob);
        const startWorkflowOperation = startOperation(address, input, wantsJob);
        return client.workflow.executeUpdateWithStart(messages.sendToSessionUpdate, { args, startWorkflowOperation });
      }),
    sendToLiveRun: async (address, message) =>
      send(client, writer, { address, message }, async (args) =>
        client.workflow.getHandle(address.workflowId).executeUpdate(messages.sendToSessionUpdate, { args }),
      ),
  };
}

interface Sending {
  readonly address: RunAddress;
  readonly message: SendToSession;
}

/** Of the one command that was asked about. */
function refuseForgotten([commandId]: readonly string[]): void {
  if (commandId !== undefined) throw new RunRefused('command-unknown', { commandId });
}

/** Made again, it may be said to another run than before: what that one took is no longer fresh. */
async function send(
  client: Client,
  writer: AnswerWriter,
  { address, message }: Sending,
  ask: (args: [SendToSession]) => Promise<Answer<SendToSessionAnswer>>,
): Promise<SendToSessionAnswer> {
  let next = writer.signed(message);
  const taken = await decided(client, address, async () => {
    const args: [SendToSession] = [next];
    next = { ...next, sends: message.sends.map((one) => ({ ...one, fresh: false })) };
    return ask(args);
  });
  const commandIds = message.sends.map(({ commandId }) => commandId);
  const { answer, forgotten, isForeign } = await writer.write(address, taken, commandIds);
  if (isForeign) throw new RunRefused('run-terminal');
  return withForgotten(answer, forgotten);
}

function withForgotten(answer: SendToSessionAnswer, forgotten: readonly string[]): SendToSessionAnswer {
  if (forgotten.length === 0) return answer;
  const unknown = forgotten.map((commandId) => ({ commandId, type: 'command-unknown' as const, facts: { commandId } }));
  return { ...answer, refused: [...(answer.refused ?? []), ...unknown] };
}

/** One for each call: the SDK refuses to use it twice. `runnerJob`: what it starts with asks for one. */
function startOperation(
  { workflowId }: RunAddress,
  input: RunInput,
  runnerJob: boolean,
): WithStartWorkflowOperation<typeof runWorkflow> {
  return new WithStartWorkflowOperation<typeof runWorkflow>('runWorkflow', {
    workflowId,
    taskQueue: TASK_QUEUE,
    args: [input],
    workflowIdConflictPolicy: 'USE_EXISTING',
    // A session's id outlives its runs; a run's own id is used once, so that a late repeat starts nothing.
    workflowIdReusePolicy: input.sessionId === null ? 'REJECT_DUPLICATE' : 'ALLOW_DUPLICATE',
    typedSearchAttributes: startAttributes(input, runnerJob),
    staticSummary: `Run ${input.runId} on ${input.backendProfile} for ${input.tenantId}/${input.projectId}`,
  });
}

/** As its first step leaves it, so that they need not be set again then. */
function startAttributes(input: RunInput, runnerJob: boolean): TypedSearchAttributes {
  return keywordAttributes({
    AgentRunRunId: input.runId,
    AgentRunTenant: input.tenantId,
    AgentRunBackend: input.backendProfile,
    AgentRunStatus: 'pending',
    AgentRunPhase: runnerJob ? 'runner-starting' : 'waiting-for-runner',
    ...(input.sessionId !== null && { AgentRunSessionId: input.sessionId }),
  });
}

/** Only the server's plain word that a run is gone counts: that run is ended then. */
async function isLive(client: Client, workflowId: string, runId: string): Promise<boolean> {
  const found = await describe(client, workflowId);
  if (found === undefined || hasClosed(found.status.name)) return false;
  return [undefined, runId].includes(found.typedSearchAttributes.get(RUN_ID));
}

async function toldOrGone(sent: Promise<void>): Promise<SignalResult> {
  try {
    await sent;
    return 'told';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'gone';
    throw translate(error);
  }
}
