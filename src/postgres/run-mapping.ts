import type { RunRecord } from '../contract/run.js';

/** Of `runs r`; `toRunRecord` also wants `lease_expires_at`, of a live lease only. */
export const RUN_COLUMNS = `r.id, r.tenant_id, r.project_id, r.provider_id, r.backend_profile, r.session_ref,
  r.workspace_ref, r.execution_policy, r.retry_policy, r.metadata, r.workflow_id, r.trace_id, r.created_at, r.status,
  r.attempt, r.terminal_status, r.failure_kind, r.failure_message, r.claimed_by, r.thread_id, r.cancel_requested_at,
  r.cancel_reason, r.last_command_seq, r.finished_at, r.updated_at`;

export interface RunRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly project_id: string;
  readonly provider_id: string | null;
  readonly backend_profile: string;
  readonly session_ref: RunRecord['sessionRef'];
  readonly workspace_ref: RunRecord['workspaceRef'];
  readonly execution_policy: RunRecord['executionPolicy'];
  readonly retry_policy: RunRecord['retryPolicy'];
  readonly metadata: RunRecord['metadata'];
  readonly workflow_id: string;
  readonly trace_id: string;
  readonly created_at: Date;
  readonly status: RunRecord['status'];
  readonly attempt: number;
  readonly terminal_status: RunRecord['terminalStatus'];
  readonly failure_kind: RunRecord['failureKind'];
  readonly failure_message: string | null;
  readonly claimed_by: string | null;
  readonly thread_id: string | null;
  readonly cancel_requested_at: Date | null;
  readonly cancel_reason: string | null;
  readonly last_command_seq: number;
  readonly finished_at: Date | null;
  readonly updated_at: Date;
  readonly lease_expires_at: Date | null;
}

export function toRunRecord(row: RunRow): RunRecord {
  return {
    id: row.id,
    status: row.status,
    terminalStatus: row.terminal_status,
    failureKind: row.failure_kind,
    failureMessage: row.failure_message,
    tenantId: row.tenant_id,
    projectId: row.project_id,
    providerId: row.provider_id,
    backendProfile: row.backend_profile,
    sessionRef: row.session_ref,
    workspaceRef: row.workspace_ref,
    executionPolicy: row.execution_policy,
    retryPolicy: row.retry_policy,
    metadata: row.metadata,
    claimedBy: row.claimed_by,
    leaseExpiresAt: isoOrNull(row.lease_expires_at),
    attempt: row.attempt,
    threadId: row.thread_id,
    cancelRequestedAt: isoOrNull(row.cancel_requested_at),
    cancelReason: row.cancel_reason,
    lastCommandSeq: row.last_command_seq,
    workflowId: row.workflow_id,
    traceId: row.trace_id,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    finishedAt: isoOrNull(row.finished_at),
    valuesPrinted: false,
  };
}

export function isoOrNull(time: Date | null): string | null {
  return time?.toISOString() ?? null;
}
