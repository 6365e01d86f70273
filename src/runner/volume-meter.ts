import type { StorageRefresh } from '../contract/session.js';
import type { Log } from './log.js';
import { measureVolume, type VolumeMeasure } from './measure-volume.js';
import { within } from './within.js';

export interface VolumeMeterOptions {
  readonly volumeDir: string;
  /** As the manager knows it. */
  readonly volume: { readonly pvcName: string; readonly namespace: string };
  readonly refresh: (body: StorageRefresh) => Promise<unknown>;
  readonly log: Log;
  /** Defaults to a walk of the folder. */
  readonly measure?: (folder: string, signal: AbortSignal) => Promise<VolumeMeasure | undefined>;
}

/** Between two measurements there is so much more time than one took: agents share the disk. */
const REST = 10;
/** The next run of the session waits for this runner to be gone. */
const LAST_MS = 3_000;

/**
 * Tells the manager how large its session's volume is, beside the work: nothing waits for it, nothing fails with it, and one that is asked
 * for while another runs, or too soon after it, is left out.
 */
export class VolumeMeter {
  #working: Promise<void> | null = null;
  #notBefore = 0;
  #isLast = false;
  readonly #giveUp = new AbortController();

  constructor(private readonly options: VolumeMeterOptions) {}

  /** Begins a measurement. */
  start(): void {
    if (this.#working !== null || this.#isLast || performance.now() < this.#notBefore) return;
    this.#working = this.#work().finally(() => (this.#working = null));
  }

  /** After the agent has ended: what the volume is left as. Resolves within some seconds, whatever happens. */
  async last(): Promise<void> {
    this.#isLast = true;
    const work = (async () => {
      await this.#working;
      await this.#work();
    })();
    await within(LAST_MS, work);
    this.#giveUp.abort();
  }

  /** Never rejects. */
  async #work(): Promise<void> {
    const { volumeDir, volume, refresh, log, measure = measureVolume } = this.options;
    const { signal } = this.#giveUp;
    const startedAt = performance.now();
    try {
      const measured = await measure(volumeDir, signal);
      this.#notBefore = performance.now() + (performance.now() - startedAt) * REST;
      if (measured === undefined) {
        if (!signal.aborted) log.warn({ volumeDir }, 'the volume has too many files to be measured');
        return;
      }
      const { sizeBytes, filesCount, sha256 } = measured;
      const sizes = { storageSizeBytes: sizeBytes, storageFilesCount: filesCount, storageSha256: sha256 };
      await refresh({ ...volume, ...sizes });
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'the volume could not be measured');
    }
  }
}
