import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { EventSink } from '../backend.js';

const ROUND_MS = 25;
const QUIET_ROUNDS = 4;
const LAST_ROUNDS = 40;

/**
 * Tells what a process prints, as it prints it; while the sink is full the pipe is left to fill, so that the process
 * waits. Decodes UTF-8 over the borders of chunks.
 */
export class OutputPump {
  #ended = false;
  #paused = false;
  #chunks = 0;

  constructor(
    private readonly source: Readable,
    private readonly events: EventSink,
    private readonly about: Readonly<Record<string, unknown>>,
  ) {
    source.setEncoding('utf8');
    source.on('data', (text: string) => this.#tell(text));
    void finished(source)
      .catch(() => {})
      .then(() => (this.#ended = true));
  }

  /**
   * Call after the process ended. Resolves when all it left in the pipe is told. A daemon that it left behind may hold
   * the pipe open: then when nothing came for a while, or after a second of more. Counted in rounds of the event loop
   * rather than by the clock, so that a runner that stood still loses nothing.
   */
  async finish(): Promise<void> {
    let [quiet, seen] = [0, this.#chunks];
    for (let round = 0; !this.#ended && quiet < QUIET_ROUNDS && round < LAST_ROUNDS;) {
      await delay(ROUND_MS);
      if (this.#paused) continue;
      round += 1;
      quiet = this.#chunks === seen ? quiet + 1 : 0;
      seen = this.#chunks;
    }
    this.abandon();
  }

  /** Lets go of the pipe. */
  abandon(): void {
    this.#ended = true;
    this.source.destroy();
  }

  #tell(text: string): void {
    this.#chunks += 1;
    const roomLeft = this.events.emit({ type: 'command_output', payload: { text, ...this.about }, flowing: true });
    if (roomLeft) return;
    this.#paused = true;
    this.source.pause();
    void this.events.drained().then(() => {
      this.#paused = false;
      this.source.resume();
    });
  }
}
