import type { IncomingMessage } from 'node:http';
import type { AgentRunError } from '../../domain/errors.js';
import { endedEarly, tooLarge } from './body-errors.js';

/**
 * A request's whole body as UTF-8.
 * @throws schema-invalid (too-large) as soon as it is known to be over the limit, announced or not; schema-invalid where it ends early.
 */
export function readText(request: IncomingMessage, limitBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > limitBytes) return reject(tooLarge(limitBytes));
    if (request.destroyed) return reject(endedEarly());
    const parts: Buffer[] = [];
    let bytes = 0;
    request.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes <= limitBytes) parts.push(part);
      else leave(tooLarge(limitBytes));
    });
    request.on('end', () => resolve(textOf(parts)));
    request.on('error', () => leave(endedEarly()));
    // Comes after the end, too, when nobody waits any more.
    request.on('close', () => request.readableEnded || leave(endedEarly()));

    const leave = (why: AgentRunError): void => {
      request.pause();
      reject(why);
    };
  });
}

function textOf(parts: readonly Buffer[]): string {
  const [first] = parts;
  const whole = parts.length === 1 && first !== undefined ? first : Buffer.concat(parts);
  return whole.toString('utf8');
}
