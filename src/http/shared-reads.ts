/** Reads of the same thing that are asked for in the same moment are one: many who follow one run are woken together. */
export class SharedReads {
  readonly #gathering = new Map<string, Promise<unknown>>();

  /**
   * What `load` answers, or fails with. Joins only a read that has not begun: whoever asks because something changed must not
   * get what was there before. `key` names what is read, and all that the answer depends on.
   */
  async read<T>(key: string, load: () => Promise<T>): Promise<T> {
    const gathering = this.#gathering.get(key) ?? this.#gather(key, load);
    return gathering as Promise<T>;
  }

  #gather(key: string, load: () => Promise<unknown>): Promise<unknown> {
    const answer = new Promise((resolve) => setImmediate(resolve)).then(async () => {
      this.#gathering.delete(key);
      return load();
    });
    this.#gathering.set(key, answer);
    return answer;
  }
}
