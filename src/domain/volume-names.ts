import { createHash } from 'node:crypto';

/**
 * The volume of a conversation, or of a run that belongs to none. The name is a DNS label (Kubernetes' rule) that also keeps
 * apart on file systems that ignore case: the readable part is a hint, the digest of the whole id makes it unique.
 */
export function runVolumeName(run: { runId: string; sessionId: string | null }): string {
  const [kind, id] = run.sessionId === null ? ['run', run.runId] : ['session', run.sessionId];
  const hint = id
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 32)
    .replace(/-$/, '');
  return `${kind}-${hint}-${createHash('sha256').update(id).digest('hex').slice(0, 16)}`;
}
