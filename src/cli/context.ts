import type { Settings } from '../config.js';
import type { Screen } from './screen.js';

/** What every command is given. */
export interface CliContext {
  readonly screen: Screen;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How to call this program again, for hints that can be copied. */
  readonly program: string;
  /** @throws ConfigurationError that names the setting. */
  settings(): Settings;
  /** How the program will end; 0 unless a command says otherwise. */
  exitCode: number;
}
