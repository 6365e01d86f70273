/** What a caller can be told to do next, by the word that programs go by. docs/runbook.md has a row for each. */
export const NEXT_ACTIONS = [
  // Look.
  'poll-events',
  'read-events',
  'inspect-runner-job',
  'inspect-session',
  'poll-trace',
  'poll-output',
  'read-session',
  // Say something, or stop it.
  'start-runner',
  'send-turn',
  'steer-turn',
  'interrupt-turn',
  'send-session',
  'answer-input',
  'cancel-command',
  'cancel-run',
  'cancel-session',
  'finish-run',
  // Begin again.
  'create-run',
  'create-session',
  'dispatch-task',
  'allow-input',
  'raise-limit',
  // Mend what it needs first.
  'set-credential',
  'set-config',
  'validate-profile',
  'correct-image',
  'correct-runner-settings',
  'inspect-node',
  'inspect-deletion',
  'raise-memory',
  'raise-requests',
  'lower-requests',
  'raise-priority',
  'raise-deadline',
  'raise-quota',
] as const;
export type NextAction = (typeof NEXT_ACTIONS)[number];
