import { ApiError, type HttpClient } from '../../../client/http-client.js';
import type { SessionSend, SessionSent } from '../../../contract/session-send.js';
import type { SessionCreate, SessionSummary } from '../../../contract/session.js';
import { sessionPath } from './options.js';
import type { RunBaseOptions } from './run-base.js';

/** A send waits for the end of a run that is being cancelled. */
const SEND_MS = 60_000;

/** Undefined where there is no such session, or none that may be seen. */
export async function findSession(client: HttpClient, id: string): Promise<SessionSummary | undefined> {
  try {
    return await client.get<SessionSummary>(sessionPath(id));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** Before its first send, so that the send says the same however often it is repeated. */
export async function makeSession(
  client: HttpClient,
  id: string,
  options: RunBaseOptions,
  signal?: AbortSignal,
): Promise<void> {
  const { tenant: tenantId = 'default', project: projectId = 'default', backend, profile } = options;
  const body: SessionCreate = { sessionId: id, tenantId, projectId, backendProfile: backend ?? profile };
  await client.post('/api/v1/sessions', body, { signal });
}

export function sendToSession(
  client: HttpClient,
  id: string,
  body: SessionSend,
  signal?: AbortSignal,
): Promise<SessionSent> {
  return client.post<SessionSent>(sessionPath(id, 'send'), body, { timeoutMs: SEND_MS, signal });
}
