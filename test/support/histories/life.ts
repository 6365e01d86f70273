import type { History, Stage } from './stage.js';

/** Something that happens to a workflow, from its start until what is worth keeping has happened. */
export interface Life {
  /** The manager's, as in the environment. */
  readonly settings: Record<string, string>;
  /** Lets it happen; answers the histories of all executions, oldest first. */
  play(stage: Stage): Promise<History[]>;
}
