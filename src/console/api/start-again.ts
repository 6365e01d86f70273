import type { AgentRun, RunRecord } from '../../client/index.js';
import type { Place } from '../model/place.js';

export interface NextTry {
  readonly prompt: string;
  readonly policy: Pick<RunRecord['executionPolicy'], 'sandbox' | 'approval' | 'network' | 'timeoutMs'>;
  /** The same key starts it once. */
  readonly key: string;
}

/** Starts a run's work anew, where it can go on from: in its session, else as a run of its own. Answers where that is. */
export async function startAgain(client: AgentRun, run: RunRecord, next: NextTry): Promise<Place> {
  const { tenantId, projectId, backendProfile, providerId, workspaceRef } = run;
  const executionPolicy = { ...run.executionPolicy, ...next.policy };
  const base = { tenantId, projectId, backendProfile, providerId, workspaceRef, executionPolicy };
  if (run.sessionRef !== null) return inSession(client, run, base, next);
  const made = await client.runs.create({ ...base, endsWithTurn: true, idempotencyKey: next.key });
  const payload = { prompt: next.prompt };
  await client.runs.command(made.id, { type: 'turn', payload, idempotencyKey: next.key });
  await client.runs.startRunner(made.id);
  return { page: 'run', id: made.id, at: null };
}

/** A policy is a run's for good: one that lives ends first. A send waits for that. */
async function inSession(client: AgentRun, run: RunRecord, base: object, { prompt, key }: NextTry): Promise<Place> {
  const sessionId = run.sessionRef?.sessionId ?? '';
  if (run.terminalStatus === null) await client.runs.cancel(run.id, 'started again under another policy');
  await client.sessions.send(sessionId, { prompt, run: base, idempotencyKey: key });
  return { page: 'session', id: sessionId, at: null };
}
