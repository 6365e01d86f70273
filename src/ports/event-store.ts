import type { EventRecord } from '../contract/event.js';
import type { EventType } from '../domain/event-types.js';

export interface NewEvent {
  readonly type: EventType;
  readonly payload: Readonly<Record<string, unknown>>;
  /** The payload as JSON, from those who made it already. */
  readonly payloadJson?: string;
  /** The producer's own number for it, from 1; a number seen before adds nothing. */
  readonly clientSeq?: number;
}

export interface EventAppendRequest {
  readonly runId: string;
  /** The writer's attempt and runner, both enforced; null for an operator's override and for the manager itself. */
  readonly fence: { readonly attempt?: number; readonly runnerId?: string } | null;
  /** Whose `clientSeq` numbers these are. */
  readonly producer: string;
  readonly events: readonly NewEvent[];
}

export interface EventQuery {
  readonly runId: string;
  readonly afterSeq: number;
  readonly limit: number;
  /** Only these. */
  readonly types?: readonly EventType[];
}

export interface TailQuery {
  readonly runId: string;
  readonly limit: number;
  readonly commandId?: string;
  readonly types?: readonly EventType[];
  /** Not with `commandId`. */
  readonly beforeSeq?: number;
}

/** A run's append-only log: `seq` from 1, no holes under concurrent writers, never changes. */
export interface EventStore {
  /**
   * Appends all or nothing; answers one record per event given, in the order given (a repeated one with the `seq` of its first time).
   * @throws schema-invalid (conflict) with `details.index` when a number seen before was that of an event of another type;
   *   of a fenced batch the events that are new stay appended then. lease-lost when the fence does not hold; schema-invalid (conflict) when the run has ended; schema-invalid (missing) for an unknown run.
   */
  append(request: EventAppendRequest): Promise<EventRecord[]>;
  /** Events after `afterSeq`, oldest first. */
  page(query: EventQuery): Promise<EventRecord[]>;
  /** The newest `limit` events, oldest first; of one command, of some types, or those before a `seq`, where given. */
  tail(query: TailQuery): Promise<EventRecord[]>;
  /** The newest event of a type; of one command where given. */
  latest(query: { runId: string; type: EventType; commandId?: string }): Promise<EventRecord | undefined>;
  /** When the run's last event was written (epoch ms) and its `seq`; `seq` 0 and null when there is none. */
  last(runId: string): Promise<{ seq: number; atMs: number | null }>;
}
