import { watch, type FSWatcher } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';

const TIMEOUT_MS = 120_000;

/** Work whose beginning is a file of its name in one folder: the same proof for a callback and for a process. */
export class Begun {
  readonly #waiting = new Map<string, () => void>();
  readonly #watcher: FSWatcher;

  private constructor(readonly folder: string) {
    this.#watcher = watch(folder, (_, name) => this.#waiting.get(name ?? '')?.());
  }

  static async open(parent: string): Promise<Begun> {
    return new Begun(await mkdtemp(join(parent, 'begun-')));
  }

  /** Asked for before the work is given to anybody. Rejects after two minutes. */
  async until(name: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${name} has not begun within two minutes`)), TIMEOUT_MS);
      this.#waiting.set(name, () => {
        clearTimeout(timer);
        this.#waiting.delete(name);
        resolve();
      });
    });
  }

  close(): void {
    this.#watcher.close();
  }
}
