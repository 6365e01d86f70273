import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { processIdentity } from './process-identity.js';

/** What a name says of the process that made what it names: its machine, its pid, and when it began. */
export const PROCESS_MARK = '[0-9a-f]{8}-\\d+-[0-9a-f]{8}';

/** This process's, for names of what must not outlive it. */
export function processMark(): string {
  const { startedAt = '' } = processIdentity(process.pid) ?? {};
  return `${thisHost()}-${process.pid}-${digest(startedAt)}`;
}

/** Whether the process is gone. Another machine's (a shared folder, a container) cannot be seen from here, and counts as there. */
export function isAbandoned(mark: string): boolean {
  const [host, pid, start] = mark.split('-');
  if (host !== thisHost()) return false;
  const identity = processIdentity(Number(pid));
  return identity === undefined || digest(identity.startedAt) !== start;
}

function thisHost(): string {
  return digest(hostname());
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
