import type { RunFacts } from '../../../src/run-result/run-facts.js';
import type { EndingStage } from './ending-stage.js';

/** One way in which a run, or one of its turns, can end or can stand. */
export interface Ending {
  /** Completes "How a run can end": the left column of the table in docs/endings.md. */
  readonly what: string;
  /** Makes it happen; answers all that a result is made from, as read at that moment. */
  play(stage: EndingStage): Promise<RunFacts>;
}

/** What a recording holds. */
export interface RecordedEnding {
  readonly what: string;
  readonly facts: RunFacts;
}
