import { ApiError, type HttpClient } from '../../../client/http-client.js';
import type { SessionSummary } from '../../../contract/session.js';
import { sessionPath } from './options.js';

/** Undefined where there is no such session, or none that may be seen. */
export async function findSession(client: HttpClient, id: string): Promise<SessionSummary | undefined> {
  try {
    return await client.get<SessionSummary>(sessionPath(id));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
