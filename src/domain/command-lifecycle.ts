import { assertNever } from './assert-never.js';
import { isTerminalStatus, type Outcome } from './outcome.js';

/** What a caller can tell a run's runner. */
export const COMMAND_TYPES = ['turn', 'steer', 'interrupt'] as const;
export type CommandType = (typeof COMMAND_TYPES)[number];

/** The life of a command: `pending → acknowledged →` one terminal word. A lost attempt leaves it open for the next one. */
export const COMMAND_STATES = ['pending', 'acknowledged', 'completed', 'failed', 'blocked', 'cancelled'] as const;
export type CommandState = (typeof COMMAND_STATES)[number];

export interface CommandLifecycle {
  readonly type: CommandType;
  readonly state: CommandState;
  /** The attempt whose runner took it last. */
  readonly acknowledgedBy: number | null;
  readonly outcome: Outcome | null;
}

export type CommandEvent =
  { readonly type: 'acknowledged'; readonly attempt: number } | { readonly type: 'ended'; readonly outcome: Outcome };

export type CommandTransition =
  | { readonly ok: true; readonly command: CommandLifecycle; readonly changed: boolean }
  | { readonly ok: false; readonly refusal: 'command-terminal' };

export function newCommand(type: CommandType): CommandLifecycle {
  return { type, state: 'pending', acknowledgedBy: null, outcome: null };
}

export function isOpen(command: { state: CommandState }): boolean {
  return !isTerminalStatus(command.state);
}

/** The next state of a command, or why the event is refused. Pure. Repeating an acknowledgement, also by a later attempt, is harmless. */
export function transitionCommand(command: CommandLifecycle, event: CommandEvent): CommandTransition {
  if (!isOpen(command)) return { ok: false, refusal: 'command-terminal' };
  switch (event.type) {
    case 'acknowledged': {
      const changed = command.acknowledgedBy !== event.attempt;
      return { ok: true, changed, command: { ...command, state: 'acknowledged', acknowledgedBy: event.attempt } };
    }
    case 'ended':
      return { ok: true, changed: true, command: { ...command, state: event.outcome.status, outcome: event.outcome } };
    default:
      return assertNever(event);
  }
}
