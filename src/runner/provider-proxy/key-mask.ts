import { Transform, type TransformCallback } from 'node:stream';

const STAR = 0x2a;

/**
 * Puts stars in place of keys in the bytes that pass, as many as they have bytes, so that a body keeps its length. A key may be cut
 * anywhere between two chunks: only what may be the beginning of one is held back until the next comes.
 */
export class KeyMask extends Transform {
  readonly #keys: readonly Buffer[];
  /** The held bytes as they came, and as they will go. */
  #held = Buffer.alloc(0);
  #masked = Buffer.alloc(0);

  constructor(keys: readonly string[]) {
    super();
    this.#keys = keys.map((key) => Buffer.from(key)).filter(({ length }) => length > 0);
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    const came = Buffer.concat([this.#held, chunk]);
    const masked = Buffer.concat([this.#masked, chunk]);
    for (const key of this.#keys) {
      for (let at = came.indexOf(key); at !== -1; at = came.indexOf(key, at + 1))
        masked.fill(STAR, at, at + key.length);
    }
    const sure = came.length - Math.max(0, ...this.#keys.map((key) => begun(came, key)));
    this.#held = came.subarray(sure);
    this.#masked = masked.subarray(sure);
    done(null, sure === 0 ? undefined : masked.subarray(0, sure));
  }

  override _flush(done: TransformCallback): void {
    done(null, this.#masked);
  }
}

/** How many of the last bytes may be the beginning of the key. */
function begun(bytes: Buffer, key: Buffer): number {
  let length = Math.min(bytes.length, key.length - 1);
  while (length > 0 && !bytes.subarray(bytes.length - length).equals(key.subarray(0, length))) length -= 1;
  return length;
}
