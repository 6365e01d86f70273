import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { processTable } from '../../../processes/process-table.js';
import { endTree, lineageOf } from '../../../processes/process-tree.js';

const HOME_VARIABLE = 'CODEX_HOME';
const END_MS = 10_000;

/**
 * Codex's own folder, on the session's volume: its threads, and the config that is written anew for each start. Nobody but
 * this user may look into it.
 */
export class CodexHome {
  readonly path: string;

  constructor(stateDir: string) {
    this.path = join(stateDir, 'home');
  }

  get environment(): Record<string, string> {
    return { [HOME_VARIABLE]: this.path };
  }

  async prepare(): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    await chmod(this.path, 0o700);
    await this.#endLeftovers();
  }

  async writeConfig(text: string): Promise<void> {
    const path = join(this.path, 'config.toml');
    await writeFile(`${path}.part`, text, { mode: 0o600 });
    await rename(`${path}.part`, path);
  }

  /** One writer per home: what an earlier runner left here must be gone first. */
  async #endLeftovers(): Promise<void> {
    const marker = { name: HOME_VARIABLE, value: this.path };
    const spare = lineageOf(process.pid);
    const left = processTable.marked(marker).filter(({ pid }) => !spare.includes(pid));
    if (left.length > 0) await endTree({ groups: [], marker, spare }, { timeoutMs: END_MS });
  }
}
