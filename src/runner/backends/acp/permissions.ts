import type { PermissionOption, RequestPermissionOutcome, RequestPermissionRequest } from '@agentclientprotocol/sdk';
import type { ExecutionPolicy } from '../../../contract/run.js';
import { cut } from '../../text.js';
import { commandOf, locationsOf } from './tool-call.js';

/** What somebody would have to decide before the agent goes on. */
export interface NeedsInput {
  readonly summary: string;
  readonly message: string;
  readonly toolName: string;
  readonly itemId: string;
  readonly command: string | null;
  readonly locations: readonly unknown[];
}

export interface Reaction {
  readonly outcome: RequestPermissionOutcome;
  /** Nobody is there to decide: under `never` it was declined, under `on-request` the turn ends with it. */
  readonly needsInput: NeedsInput;
}

const SUMMARY_LENGTH = 180;

/** How a request for permission is answered when nobody is there to ask. */
export function reactionTo(request: RequestPermissionRequest, approval: ExecutionPolicy['approval']): Reaction {
  const { toolCall, options } = request;
  const command = commandOf(toolCall.rawInput);
  const what = command ?? toolCall.title ?? 'a tool';
  const needsInput: NeedsInput = {
    summary: cut(what, SUMMARY_LENGTH),
    message: `the agent asks for approval of: ${what}`,
    toolName: toolCall.name ?? toolCall.kind ?? 'tool',
    itemId: toolCall.toolCallId,
    command,
    locations: locationsOf(toolCall.locations),
  };
  const rejecting = approval === 'never' ? rejectionIn(options) : undefined;
  if (rejecting === undefined) return { outcome: { outcome: 'cancelled' }, needsInput };
  return { outcome: { outcome: 'selected', optionId: rejecting.optionId }, needsInput };
}

/** For this once, where there is the choice: the same may be asked again with more reason. */
function rejectionIn(options: readonly PermissionOption[]): PermissionOption | undefined {
  return options.find(({ kind }) => kind === 'reject_once') ?? options.find(({ kind }) => kind === 'reject_always');
}
