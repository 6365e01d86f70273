import type { SessionRecord, SessionStorage } from '../contract/session.js';
import { attentionState } from '../domain/attention.js';
import { isoOrNull } from './run-mapping.js';

/** Of `sessions s`, with the marks of one reader (`m`) and the lease of the active run (`lease_over`). */
export const SESSION_COLUMNS = `s.id, s.tenant_id, s.project_id, s.backend_profile, s.conversation_id,
  s.codex_rollout_subdir, s.metadata, s.created_at, s.expires_at, s.execution_state, s.thread_id, s.active_run_id,
  s.active_command_id, s.last_run_id, s.last_command_id, s.terminal_status, s.failure_kind, s.last_activity_at,
  s.storage_state, s.storage_name, s.storage_namespace, s.storage_phase, s.storage_size_bytes, s.storage_files_count,
  s.storage_sha256, s.storage_quota_bytes, s.storage_updated_at, s.updated_at`;

export interface SessionRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly project_id: string;
  readonly backend_profile: string;
  readonly conversation_id: string | null;
  readonly codex_rollout_subdir: string;
  readonly metadata: SessionRecord['metadata'];
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly execution_state: SessionRecord['executionState'];
  readonly thread_id: string | null;
  readonly active_run_id: string | null;
  readonly active_command_id: string | null;
  readonly last_run_id: string | null;
  readonly last_command_id: string | null;
  readonly terminal_status: SessionRecord['terminalStatus'];
  readonly failure_kind: SessionRecord['failureKind'];
  readonly last_activity_at: Date;
  readonly storage_state: 'none' | 'pvc' | 'evicting' | 'evicted';
  readonly storage_name: string | null;
  readonly storage_namespace: string | null;
  readonly storage_phase: string | null;
  readonly storage_size_bytes: number | null;
  readonly storage_files_count: number | null;
  readonly storage_sha256: string | null;
  readonly storage_quota_bytes: number | null;
  readonly storage_updated_at: Date | null;
  readonly updated_at: Date;
  readonly unread: boolean;
  readonly lease_over: boolean;
}

export function toSessionRecord(row: SessionRow): SessionRecord {
  const active = row.execution_state === 'pending' || row.execution_state === 'running';
  const { terminal_status: terminalStatus, failure_kind: failureKind, unread, lease_over: stalled } = row;
  return {
    sessionId: row.id,
    sessionPath: `/api/v1/sessions/${row.id}`,
    tenantId: row.tenant_id,
    projectId: row.project_id,
    backendProfile: row.backend_profile,
    conversationId: row.conversation_id,
    threadId: row.thread_id,
    metadata: row.metadata,
    executionState: row.execution_state,
    attentionState: attentionState({ active, stalled, terminalStatus, failureKind, unread }),
    active,
    activeRunId: row.active_run_id,
    activeCommandId: row.active_command_id,
    lastRunId: row.last_run_id,
    lastCommandId: row.last_command_id,
    terminalStatus,
    failureKind,
    lastActivityAt: row.last_activity_at.toISOString(),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    unread,
    expiresAt: row.expires_at.toISOString(),
    storageKind: storageKind(row),
    storagePvcName: row.storage_name,
    storagePvcPhase: row.storage_phase,
    codexRolloutSubdir: row.codex_rollout_subdir,
    valuesPrinted: false,
  };
}

export function toSessionStorage(row: SessionRow): SessionStorage {
  const { storage_size_bytes: size, storage_quota_bytes: quota } = row;
  return {
    pvcName: row.storage_name,
    namespace: row.storage_namespace,
    pvcPhase: row.storage_phase,
    storageSizeBytes: size,
    storageFilesCount: row.storage_files_count,
    storageSha256: row.storage_sha256,
    storageQuotaBytes: quota,
    storageOverQuota: size !== null && quota !== null && size > quota,
    storageUpdatedAt: isoOrNull(row.storage_updated_at),
    codexRolloutSubdir: row.codex_rollout_subdir,
    valuesPrinted: false,
  };
}

/** What is going counts as gone: nothing can be done with it any more. */
function storageKind({ storage_state: state }: SessionRow): SessionRecord['storageKind'] {
  return state === 'evicting' ? 'evicted' : state;
}
