import { EXIT, type ExitCode } from './exit-codes.js';

/** What the manager said of it, and what a program is to know besides. */
export interface CliFacts {
  readonly failureKind?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly traceId?: string;
}

/** A failure of ours in words for a person: what happened, and in `advice` what to do about it, a line each. */
export class CliError extends Error {
  override readonly name = 'CliError';

  constructor(
    message: string,
    readonly exitCode: ExitCode = EXIT.error,
    readonly advice: readonly string[] = [],
    readonly facts: CliFacts = {},
  ) {
    super(message);
  }
}

export function usageError(message: string): CliError {
  return new CliError(message, EXIT.usage);
}
