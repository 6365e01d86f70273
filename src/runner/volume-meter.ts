import type { SessionStorage, StorageRefresh, StorageRefreshed } from '../contract/session.js';
import type { Log } from './log.js';
import { measureVolume, type VolumeMeasure } from './measure-volume.js';
import { within } from './within.js';

export interface VolumeMeterOptions {
  readonly volumeDir: string;
  /** As the manager knows it. */
  readonly volume: { readonly pvcName: string; readonly namespace: string };
  readonly refresh: (body: StorageRefresh) => Promise<Pick<StorageRefreshed, 'summary'>>;
  /** What the manager knows of it. */
  readonly read: () => Promise<SessionStorage>;
  /** Told once that the volume is over its quota. */
  readonly onOverQuota: (storage: SessionStorage) => void;
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
  #isOverQuota = false;
  readonly #giveUp = new AbortController();

  constructor(private readonly options: VolumeMeterOptions) {}

  /** Before the first turn: what earlier runs left may be over the quota already. Never rejects. */
  async begin(): Promise<void> {
    try {
      this.#look(await this.options.read());
    } catch (error) {
      this.options.log.warn({ err: error }, 'what is known of the volume could not be read');
    }
  }

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

  /** After the run's end nobody is told any more; the session's storage says it. */
  #look(storage: SessionStorage): void {
    if (!storage.storageOverQuota || this.#isOverQuota || this.#isLast) return;
    this.#isOverQuota = true;
    this.options.onOverQuota(storage);
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
      this.#look((await refresh({ ...volume, ...sizes })).summary);
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'the volume could not be measured');
    }
  }
}
