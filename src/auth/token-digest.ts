import { hash } from 'node:crypto';

/** By what a token is known here, so that none is kept. */
export function tokenDigest(token: string): string {
  return hash('sha256', token, 'base64');
}
