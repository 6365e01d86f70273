import type { IncomingMessage } from 'node:http';

/** Far above what providers say of a refusal. */
const MAX_BYTES = 256 * 1024;

/**
 * The text of a refusal. Undefined for one that cannot be searched for secrets: packed, very long, or not whole within
 * `waitMs`; a part might end in the middle of one. Never rejects; lets go of the answer.
 */
export async function textOfRefusal(answer: IncomingMessage, waitMs: number): Promise<string | undefined> {
  const timer = setTimeout(() => answer.destroy(), waitMs);
  try {
    if ((answer.headers['content-encoding'] ?? 'identity') !== 'identity') return undefined;
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_BYTES) return undefined;
      chunks.push(chunk);
    }
    return answer.complete ? Buffer.concat(chunks).toString('utf8') : undefined;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    answer.destroy();
  }
}
