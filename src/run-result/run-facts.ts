import type { CommandRecord } from '../contract/command.js';
import type { EventRecord } from '../contract/event.js';
import type { RunRecord } from '../contract/run.js';
import type { RunnerJobRecord } from '../contract/runner.js';
import type { FailureKind } from '../domain/failure-kinds.js';
import { isTerminalStatus, type TerminalStatus } from '../domain/outcome.js';

/** Everything that a result is made from, read at one moment. Times in milliseconds since the epoch. */
export interface RunFacts {
  readonly run: RunRecord;
  /** The newest commands, in `seq` order. */
  readonly commands: readonly CommandRecord[];
  /** The command that the result is asked for; null when it is the run's. */
  readonly command: CommandRecord | null;
  /** The run's newest events, oldest first. */
  readonly events: readonly EventRecord[];
  /** The newest events of `command`; null when the result is the run's. */
  readonly commandEvents: readonly EventRecord[] | null;
  /** The newest message and usage report of what the result speaks of, where `events` begin after them. */
  readonly earlier: { readonly message?: EventRecord; readonly usage?: EventRecord };
  readonly lastSeq: number;
  readonly lastEventAtMs: number | null;
  readonly leaseExpiresAtMs: number | null;
  /** The Job of the current attempt. */
  readonly runnerJob: RunnerJobRecord | null;
  readonly nowMs: number;
}

/** How the run, or the command that was asked for, ended. */
export interface EndedAs {
  readonly what: 'run' | 'turn' | 'steer' | 'interrupt';
  readonly status: TerminalStatus;
  readonly failureKind: FailureKind | null;
  readonly failureMessage: string | null;
}

/** Null while it is live. */
export function endedAs({ run, command }: RunFacts): EndedAs | null {
  const ended = command ?? run;
  if (ended.terminalStatus === null) return null;
  const { terminalStatus: status, failureKind, failureMessage } = ended;
  return { what: command?.type ?? 'run', status, failureKind, failureMessage };
}

/** The command that a result speaks of: the one asked for, else the newest turn. */
export function focusCommand({ command, commands }: RunFacts): CommandRecord | null {
  return command ?? commands.findLast((candidate) => candidate.type === 'turn') ?? null;
}

/** The turn that the current attempt's runner is working on. */
export function liveTurn({ run, commands }: RunFacts): CommandRecord | null {
  if (run.status !== 'running') return null;
  const taken = (command: CommandRecord) => command.type === 'turn' && command.state === 'acknowledged';
  return commands.findLast((command) => taken(command) && command.attempt === run.attempt) ?? null;
}

export function openCommands({ commands }: RunFacts): CommandRecord[] {
  return commands.filter((command) => !isTerminalStatus(command.state));
}

/** The events of the focused command; those that name no command count as its. */
export function focusEvents(facts: RunFacts): readonly EventRecord[] {
  if (facts.commandEvents !== null) return facts.commandEvents;
  const focusId = focusCommand(facts)?.id;
  return facts.events.filter(({ payload }) => payload.commandId === undefined || payload.commandId === focusId);
}

/** A field of an event's payload, where it is a non-empty string. */
export function textField(event: EventRecord, field: string): string | null {
  const value = event.payload[field];
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Milliseconds from one moment to another; 0 where clocks disagree. */
export function elapsed(fromMs: number, toMs: number): number {
  return Math.max(0, Math.round(toMs - fromMs));
}
