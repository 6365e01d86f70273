import { findCodex } from '../../../backend-programs/find-codex.js';
import { CodexInstallFailed, installCodex } from '../../../backend-programs/install-codex.js';
import { folders } from '../../../config.js';
import { CliError } from '../../cli-error.js';
import type { CliContext } from '../../context.js';
import { EXIT } from '../../exit-codes.js';
import { ProgressDisplay } from '../../progress-display.js';
import { StopSignals } from '../../stop-signals.js';

/** Fetches codex into the cache and prints where it is; a Ctrl-C leaves nothing half done behind. */
export async function runInstall(context: CliContext, json: boolean): Promise<void> {
  const { screen, environment } = context;
  const settings = context.settings();
  const { cacheDir } = folders(settings, environment);
  const pathEnv = environment['PATH'] ?? '';
  const display = new ProgressDisplay(screen.err);
  const signals = new StopSignals();
  const stop = new AbortController();
  signals.onFirst(() => stop.abort());
  try {
    const { path, version } = await installCodex({ cacheDir, pathEnv, onProgress: display.show, signal: stop.signal });
    screen.data(json ? JSON.stringify({ path, version }) : path);
    const used = await findCodex({ explicitPath: settings.AGENTRUN_CODEX_PATH, pathEnv, cacheDir });
    if (used && used.path !== path) screen.note(`runners here go on using ${used.path}, which ${used.source} names`);
  } catch (error) {
    if (signals.isStopping) throw new CliError('stopped: nothing was installed', EXIT.interrupted);
    if (error instanceof CodexInstallFailed) throw new CliError(error.message, EXIT.error, [error.advice]);
    throw error;
  } finally {
    display.close();
    signals.close();
  }
}
