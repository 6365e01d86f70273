import { hash } from 'node:crypto';

/** By what a token is known here, so that none is kept. */
export function tokenDigest(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
