import type { EventRecord } from '../contract/event.js';
import type {
  SessionControl,
  SessionControlled,
  SessionCreate,
  SessionCreated,
  SessionRecord,
  SessionStorage,
  SessionSummary,
} from '../contract/session.js';
import type { SessionSend, SessionSendPlan, SessionSent } from '../contract/session-send.js';
import type { SessionFilterState } from '../domain/session-state.js';
import { followSession, type FollowSessionOptions } from './follow-session.js';
import type { HttpClient } from './http-client.js';
import type { Page, PageQuery } from './page.js';

const SESSIONS = '/api/v1/sessions';
const pathOf = (sessionId: string) => `${SESSIONS}/${encodeURIComponent(sessionId)}`;

export interface SessionQuery extends PageQuery {
  readonly state?: SessionFilterState;
  readonly backendProfile?: string;
  /** Whose unread marks count. */
  readonly readerId?: string;
}

export interface TraceQuery extends PageQuery {
  readonly runId?: string;
  readonly afterSeq?: number;
  /** Pages from the newest event back to the first; items stand oldest first all the same. */
  readonly direction?: 'forward' | 'backward';
}

/** Events of a session. `cursor` says where the next page begins, also where there is none yet. */
export interface TracePage extends Page<EventRecord> {
  readonly runId: string | null;
  readonly lastSeq: number;
  readonly cursor: string | null;
}

/** Sessions: conversations that outlive their runs. Methods throw as those of `HttpClient` do. */
export class Sessions {
  constructor(private readonly http: HttpClient) {}

  create(session: Partial<SessionCreate> & Pick<SessionCreate, 'tenantId' | 'projectId'>): Promise<SessionCreated> {
    return this.http.post<SessionCreated>(SESSIONS, session);
  }

  list(query: SessionQuery = {}): Promise<Page<SessionRecord>> {
    return this.http.get<Page<SessionRecord>>(SESSIONS, { query: { ...query } });
  }

  get(sessionId: string, readerId?: string): Promise<SessionSummary> {
    return this.http.get<SessionSummary>(pathOf(sessionId), { query: { readerId } });
  }

  /** Into the turn that works, or the next one: the manager decides. With the same `idempotencyKey` it is said once, however often it is sent. */
  send(sessionId: string, send: Omit<SessionSend, 'dryRun'>): Promise<SessionSent> {
    return this.http.post<SessionSent>(`${pathOf(sessionId)}/send`, send);
  }

  /** What `send` would do now. */
  plan(sessionId: string, send: Omit<SessionSend, 'dryRun'>): Promise<SessionSendPlan> {
    return this.http.post<SessionSendPlan>(`${pathOf(sessionId)}/send`, { ...send, dryRun: true });
  }

  trace(sessionId: string, query: TraceQuery = {}): Promise<TracePage> {
    return this.http.get<TracePage>(`${pathOf(sessionId)}/trace`, { query: { ...query } });
  }

  /** Its events over all runs, each once, without an end; over broken connections too. */
  follow(sessionId: string, options?: FollowSessionOptions): AsyncGenerator<EventRecord, void, void> {
    return followSession(this.http, sessionId, options);
  }

  markRead(sessionId: string, readerId?: string): Promise<SessionControlled> {
    return this.http.post<SessionControlled>(`${pathOf(sessionId)}/read`, { readerId });
  }

  markUnread(sessionId: string, readerId?: string): Promise<SessionControlled> {
    return this.http.post<SessionControlled>(`${pathOf(sessionId)}/read`, { readerId, unread: true });
  }

  control(sessionId: string, control: SessionControl): Promise<SessionControlled> {
    return this.http.post<SessionControlled>(`${pathOf(sessionId)}/control`, control);
  }

  storage(sessionId: string): Promise<SessionStorage> {
    return this.http.get<SessionStorage>(`${pathOf(sessionId)}/storage`);
  }
}
