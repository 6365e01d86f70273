import { createHash } from 'node:crypto';

/** The volume of a conversation, whatever run is at work in it. */
export function sessionVolumeName(sessionId: string): string {
  return volumeName('session', sessionId);
}

/** The volume that a run works on: its session's, or its own where it belongs to none. */
export function runVolumeName({ runId, sessionId }: { runId: string; sessionId: string | null }): string {
  return sessionId === null ? volumeName('run', runId) : sessionVolumeName(sessionId);
}

/** The volume of a runner that waits for any run; that run's from when it has one. */
export function warmVolumeName(warmRunnerId: string): string {
  return volumeName('warm', warmRunnerId);
}

/**
 * A DNS label (Kubernetes' rule) that also keeps apart on file systems that ignore case: the readable part is a hint, the digest of the
 * whole id makes it unique.
 */
function volumeName(kind: 'run' | 'session' | 'warm', id: string): string {
  const hint = id
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 32)
    .replace(/-$/, '');
  return `${kind}-${hint}-${createHash('sha256').update(id).digest('hex').slice(0, 16)}`;
}
