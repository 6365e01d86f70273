import type { CommandRecord, RunnerJobRecord, RunRecord, RunResult } from '../../client/index.js';

/** What a page of a run is made from, asked for at once. */
export interface RunFacts {
  readonly run: RunRecord;
  readonly result: RunResult;
  readonly jobs: readonly RunnerJobRecord[];
  readonly commands: readonly CommandRecord[];
}
