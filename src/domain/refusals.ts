/** Stable words with which a run's workflow refuses a message; the `type` of the failure that the caller's update ends with. */
export const RUN_REFUSALS = [
  /** The workflow under this id now runs another run of the session. `detail` is that run's id. */
  'run-not-here',
  'run-terminal',
  /** The session's run is ending and takes nothing more: its next run can begin when it is gone. */
  'session-closing',
  'held-by-another-runner',
  /** The writer's attempt is over, or it never held it. */
  'attempt-over',
  'command-unknown',
  'command-terminal',
  /** A finish that has not seen the newest command. */
  'newer-command',
  'too-many-open-commands',
] as const;

export type RunRefusalType = (typeof RUN_REFUSALS)[number];

/** A message refused by a run; carries plain facts only (ids, numbers, statuses). */
export class RunRefused extends Error {
  override readonly name = 'RunRefused';

  constructor(
    readonly type: RunRefusalType,
    readonly facts: Readonly<Record<string, unknown>> = {},
  ) {
    super(`refused: ${type}`);
  }
}
