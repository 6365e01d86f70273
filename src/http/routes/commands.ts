import { Type } from 'typebox';
import { CommandAck, CommandCreate, CommandFinish, CommandList, CommandRecord } from '../../contract/command.js';
import { CommandId, RunId } from '../../contract/common.js';
import { RunResult } from '../../contract/result.js';
import { CancelRequest } from '../../contract/run.js';
import { requireCommandOfRun } from '../../operations/access.js';
import { addCommand } from '../../operations/runs/add-command.js';
import { awaitCommands } from '../../operations/runs/await-commands.js';
import { ackCommand, cancelCommand, finishCommand } from '../../operations/runs/end-command.js';
import { runResult } from '../../operations/runs/run-result.js';
import { afterSeq, integerField, limit, rawTextField, wordField } from '../query-fields.js';
import { route, type Route } from '../route.js';

const tag = 'commands';
const ofRun = { runId: RunId };
const oneOfRun = { runId: RunId, commandId: CommandId };
const one = { commandId: CommandId };

const MAX_WAIT_MS = 60_000;

export const commandRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/api/v1/runs/:runId/commands',
    operationId: 'addCommand',
    tag,
    summary: 'Hand a turn, a steer or an interrupt to a run',
    auth: 'operator',
    params: ofRun,
    body: CommandCreate,
    bodyExample: { type: 'turn', payload: { prompt: 'npm test' }, idempotencyKey: 'first-turn' },
    refusals: [409, 429],
    answer: CommandRecord,
    handle: ({ principal, params, body }, { operations }) => addCommand(operations, principal, params.runId, body),
  }),
  route({
    method: 'GET',
    path: '/api/v1/runs/:runId/commands',
    operationId: 'listCommands',
    tag,
    summary: "A run's commands in order; with `waitMs`, a long poll",
    description:
      'A long poll answers as soon as there is a command after `afterSeq`, the run has ended, or the cancel marks are others than ' +
      'those named by `knownCancelMark` (the `cancelMark` of the last answer; empty for none). A client that does not send ' +
      '`knownCancelMark` is told of standing marks after a second, so that it cannot spin.',
    auth: 'any',
    params: ofRun,
    query: {
      afterSeq,
      limit: limit(20),
      state: wordField(['open'] as const, 'Only commands that have not ended.'),
      waitMs: integerField({ default: 0, maximum: MAX_WAIT_MS }, 'How long to wait for something to tell.'),
      knownCancelMark: rawTextField(Type.String({ maxLength: 64 }), 'The `cancelMark` of the last answer.'),
    },
    refusals: [409],
    quiet: true,
    answer: CommandList,
    handle: ({ principal, params, query, signal }, { operations }) => {
      const { state, ...rest } = query;
      const asked = { ...rest, runId: params.runId, openOnly: state === 'open' };
      return awaitCommands(operations, principal, asked, signal());
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/runs/:runId/commands/:commandId',
    operationId: 'getCommand',
    tag,
    summary: 'A command as it stands',
    auth: 'any',
    params: oneOfRun,
    refusals: [409],
    answer: CommandRecord,
    handle: async ({ principal, params }, { operations }) =>
      (await requireCommandOfRun(operations, principal, params.runId, params.commandId)).command,
  }),
  route({
    method: 'GET',
    path: '/api/v1/runs/:runId/commands/:commandId/result',
    operationId: 'getCommandResult',
    tag,
    summary: 'The run result as seen for this command',
    auth: 'any',
    params: oneOfRun,
    refusals: [409],
    answer: RunResult,
    handle: ({ principal, params }, { operations }) => runResult(operations, principal, params.runId, params.commandId),
  }),
  route({
    method: 'POST',
    path: '/api/v1/commands/:commandId/ack',
    operationId: 'ackCommand',
    tag,
    summary: 'The runner has taken the command',
    description: "A turn's ack moves the run to `running`. Repeating is harmless, also by a later attempt.",
    auth: 'any',
    params: one,
    body: CommandAck,
    refusals: [409],
    answer: CommandRecord,
    handle: ({ principal, params, body }, { operations }) => ackCommand(operations, principal, params.commandId, body),
  }),
  route({
    method: 'PATCH',
    path: '/api/v1/commands/:commandId/status',
    operationId: 'finishCommand',
    tag,
    summary: 'End a command',
    description: 'The first terminal word wins and repeating is harmless.',
    auth: 'any',
    params: one,
    body: CommandFinish,
    bodyExample: { terminalStatus: 'completed', threadId: 'thread-1', turnId: 'turn-1' },
    refusals: [409],
    answer: CommandRecord,
    handle: ({ principal, params, body }, { operations }) =>
      finishCommand(operations, principal, params.commandId, body),
  }),
  route({
    method: 'POST',
    path: '/api/v1/commands/:commandId/cancel',
    operationId: 'cancelCommand',
    tag,
    summary: 'Ask for the end of a command',
    auth: 'operator',
    params: one,
    body: CancelRequest,
    answer: CommandRecord,
    handle: ({ principal, params, body }, { operations }) =>
      cancelCommand(operations, principal, params.commandId, body),
  }),
];
