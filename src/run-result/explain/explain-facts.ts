import type { EventRecord } from '../../contract/event.js';
import type { RunnerJobRecord } from '../../contract/runner.js';
import type { RunHistory } from '../../domain/run-history.js';
import type { RunFacts } from '../run-facts.js';

/** Everything that an explanation of a run is made from, read at about one moment. */
export interface ExplainFacts {
  readonly run: RunFacts;
  /** All Jobs of the run, by attempt. */
  readonly jobs: readonly RunnerJobRecord[];
  /** The events that tell what happened to the run, as against what its agent said; oldest first. */
  readonly story: readonly EventRecord[];
  /** Some between the oldest and the newest of them were not read. */
  readonly isStoryCut: boolean;
  /** When the lease was given or renewed last; null where none is held. */
  readonly leaseRenewedAtMs: number | null;
  /** `gone`: Temporal no longer has it, or never had. `unavailable`: it did not answer in time. */
  readonly history: RunHistory | 'gone' | 'unavailable';
}
