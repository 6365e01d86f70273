import type { SessionRecord, SessionStorage } from '../../../contract/session.js';
import type { Colors } from '../../output.js';

type Shown = Pick<SessionRecord, 'attentionState' | 'executionState' | 'terminalStatus' | 'storageKind'>;

/** What a person must know first of a session: icon, word and colour, so that it can be told apart without any one of them. */
export function sessionWord(session: Shown, colors: Colors): string {
  const { dim, blue, yellow, red, green, magenta, cyan } = colors;
  if (session.storageKind === 'evicted') return dim('⊘ Evicted');
  switch (session.attentionState) {
    case 'needs-input':
    case 'blocked':
      return yellow('◆ Needs you');
    case 'stalled':
      return magenta('≈ Stalled');
    case 'failed':
      return red('✕ Failed');
    case 'active-session':
      return session.executionState === 'pending' ? dim('○ Queued') : blue('▶ Running');
    case 'unread':
      return cyan('● Unread');
    case 'none':
      return session.terminalStatus === 'completed' ? green('✓ Done') : dim('· Idle');
  }
}

export function bytesWords(bytes: number | null): string {
  if (bytes === null) return 'not measured yet';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes === 0 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

export type Row = [name: string, text: string];

export function storageRows(storage: SessionStorage): Row[] {
  const { pvcName, namespace, pvcPhase, storageFilesCount, storageSha256, storageUpdatedAt } = storage;
  const files = storageFilesCount === null ? '' : `, ${storageFilesCount} files`;
  return [
    ['volume', pvcName ?? 'none'],
    ...(namespace === null ? [] : ([['namespace', namespace]] as Row[])),
    ...(pvcPhase === null ? [] : ([['phase', pvcPhase]] as Row[])),
    ['size', `${bytesWords(storage.storageSizeBytes)}${files}`],
    ...quotaRows(storage),
    ...(storageSha256 === null ? [] : ([['digest', storageSha256]] as Row[])),
    ...(storageUpdatedAt === null ? [] : ([['measured', storageUpdatedAt]] as Row[])),
    ['rollouts', storage.codexRolloutSubdir],
  ];
}

function quotaRows({ storageQuotaBytes, storageOverQuota }: SessionStorage): Row[] {
  if (storageQuotaBytes === null) return [];
  return [['quota', `${bytesWords(storageQuotaBytes)}${storageOverQuota ? ', and more is on it' : ''}`]];
}
