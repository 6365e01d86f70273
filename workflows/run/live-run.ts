import type { RunInput } from '../../src/domain/run-messages.js';
import type { Alarm } from './alarm.js';
import type { JobWork } from './job-work.js';
import type { Lock } from './lock.js';
import type { Projection } from './projection.js';
import type { RunState } from './run-state.js';

/** A run's workflow while it lives: what its handlers and its steps work on. */
export interface LiveRun {
  readonly input: RunInput;
  readonly run: RunState;
  readonly projection: Projection;
  /** Held while an attempt changes hands. */
  readonly attemptLock: Lock;
  readonly jobWork: JobWork;
  readonly alarm: Alarm;
  /** Messages handled by this execution; Temporal allows 2,000 updates in one. */
  handled: number;
}
