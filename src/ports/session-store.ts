import type { CommandRecord } from '../contract/command.js';
import type { SessionCreated, SessionRecord, SessionStorage, StorageRefresh } from '../contract/session.js';
import type { SendDecision } from '../domain/run-snapshot.js';
import type { SessionFilterState } from '../domain/session-state.js';
import type { Reservation } from './reservation.js';
import type { Drafted, TenantScope } from './run-store.js';

/** What its creator chose of a session. */
export interface SessionDraft {
  readonly id: string;
  readonly tenantId: string;
  readonly projectId: string;
  readonly backendProfile: string;
  readonly conversationId: string | null;
  readonly codexRolloutSubdir: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** How long it lives on after its last activity, in milliseconds. */
  readonly ttlMs: number;
}

export type SessionAction = SessionCreated['action'];

/** What a create made or found. `action` is null where that is not known yet: the session was there before. */
export interface CreatedSession {
  readonly sessionId: string;
  readonly action: SessionAction | null;
}

export interface SessionFilter {
  readonly tenants: TenantScope;
  readonly state?: SessionFilterState;
  readonly backendProfile?: string;
  /** Whose unread marks count. */
  readonly readerId: string;
  readonly limit: number;
  readonly cursor?: string;
}

/** Something sent to a session, before any run of it has taken it. */
export interface SendDraft {
  readonly commandId: string;
  readonly sessionId: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What a session's run decided about a send. */
export interface DecidedSend {
  readonly command: CommandRecord;
  readonly decision: SendDecision;
}

/** Oldest first from `fromRunId`, or, where the key `toRunId` is given, newest first from that one (the newest of all when undefined). */
export type RunIdsQuery = { readonly limit: number } & (
  { readonly fromRunId?: string } | { readonly toRunId: string | undefined }
);

export interface VolumeRecord {
  readonly name: string;
  readonly namespace: string;
  readonly phase: string;
  readonly quotaBytes: number | null;
}

/** Why a session's storage is not to be evicted now (`active-run`: a run of it, or that run's runner), or that its eviction has begun (perhaps before). */
export type EvictionVerdict = 'evicting' | 'evicted' | 'active-run' | 'not-expired' | 'no-storage' | 'missing';

/** A session whose time is over, as the garbage collection finds it. */
export interface ExpiredSession {
  readonly sessionId: string;
  readonly volumeName: string | null;
  readonly expiresAt: string;
}

/**
 * Sessions, their readers, and what is sent to them. What follows from runs is written with the runs' projections. All methods throw
 * `unavailable('database')` when PostgreSQL cannot be reached.
 */
export interface SessionStore {
  /** Makes the session unless it is there. @throws conflict when its id is another tenant's; idempotency-conflict. */
  create(draft: SessionDraft, reservation?: Reservation): Promise<CreatedSession>;
  /** What an earlier create with the key came to. @throws idempotency-conflict */
  findCreated(reservation: Reservation): Promise<CreatedSession | undefined>;
  /** Keeps what a create with the key came to; answers what was kept first. */
  keepAction(reservation: Reservation, action: SessionAction): Promise<SessionAction>;
  get(sessionId: string, tenants: TenantScope, readerId?: string): Promise<SessionRecord | undefined>;
  /** Newest activity first. A cursor that this list did not make is `schema-invalid`. */
  list(filter: SessionFilter): Promise<{ items: SessionRecord[]; nextCursor?: string }>;
  /** The reader has seen all that there is now. */
  markRead(sessionId: string, readerId: string): Promise<void>;
  /** As if the reader had not seen the last that happened, where anything did. */
  markUnread(sessionId: string, readerId: string): Promise<void>;

  /** Ids of the session's runs, oldest first, from `fromRunId` on (with it) where given. */
  listRunIds(sessionId: string, query: RunIdsQuery): Promise<string[]>;

  /** @throws idempotency-conflict when the key was used with another body; session-store-evicted, but not for a repeat. */
  draftSend(draft: SendDraft, reservation?: Reservation): Promise<Drafted>;
  /** Undefined while no run has taken it. */
  readSend(commandId: string): Promise<DecidedSend | undefined>;

  readStorage(sessionId: string): Promise<SessionStorage | undefined>;
  /**
   * The volume is about to be made: from now on it is evicted with the rest, whatever becomes of that. Changes nothing where one is recorded.
   * False where the session is not there, or its storage is going or gone: then none must be made.
   */
  expectVolume(sessionId: string, volume: Pick<VolumeRecord, 'name' | 'namespace'>): Promise<boolean>;
  /** The volume is there. Undefined where the session's storage is going or gone: then it must not be. */
  volumeEnsured(sessionId: string, volume: VolumeRecord): Promise<SessionStorage | undefined>;
  /** What a runner measured; of a session whose volume nobody here made, it says which that is. */
  refreshStorage(sessionId: string, measured: StorageRefresh): Promise<SessionStorage | undefined>;
  /** Decides the end of a session's storage, unless a run of it or a runner lives, or `onlyExpired` and its time is not over. */
  beginEviction(sessionId: string, options: { onlyExpired: boolean }): Promise<EvictionVerdict>;
  /** The volume is gone. */
  endEviction(sessionId: string): Promise<void>;
  /** Those whose time is over and whose storage is still there, or going; the longest over first. */
  listExpired(limit: number): Promise<ExpiredSession[]>;
}
