const NEWLINE = 10;

/** Cuts a stream of bytes into lines. A line longer than the limit is dropped whole, and told of. */
export class LineSplitter {
  #pieces: Buffer[] = [];
  #length = 0;
  #skipping = false;

  constructor(
    private readonly maxBytes: number,
    private readonly onLine: (line: string) => void,
    private readonly onTooLong: () => void,
  ) {}

  push(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      this.#add(chunk.subarray(from, end));
      this.#finishLine();
      from = end + 1;
    }
    this.#add(chunk.subarray(from));
  }

  #add(piece: Buffer): void {
    if (this.#skipping || piece.length === 0) return;
    this.#length += piece.length;
    if (this.#length <= this.maxBytes) {
      this.#pieces.push(piece);
      return;
    }
    this.#pieces = [];
    this.#skipping = true;
    this.onTooLong();
  }

  #finishLine(): void {
    const [pieces, skipped] = [this.#pieces, this.#skipping];
    this.#pieces = [];
    this.#length = 0;
    this.#skipping = false;
    if (!skipped && pieces.length > 0) this.onLine(Buffer.concat(pieces).toString('utf8'));
  }
}
