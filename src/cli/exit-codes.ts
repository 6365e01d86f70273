import type { TerminalStatus } from '../domain/outcome.js';

/** How the program ends, for scripts. */
export const EXIT = {
  ok: 0,
  error: 1,
  usage: 2,
  waitTimedOut: 3,
  auth: 4,
  runFailed: 5,
  tooLate: 6,
  needsYou: 8,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What a run or a command came to; null while it lives. */
export function exitCodeOf(terminalStatus: TerminalStatus | null): ExitCode {
  switch (terminalStatus) {
    case null:
    case 'completed':
      return EXIT.ok;
    case 'blocked':
      return EXIT.needsYou;
    case 'failed':
    case 'cancelled':
      return EXIT.runFailed;
  }
}
