import { ApiException } from '@kubernetes/client-node';
import { AgentRunError, unavailable } from '../domain/errors.js';

/** HTTP statuses by which the API server says that the same may succeed later. */
const LATER = [408, 409, 410, 425, 429];
const SHOWN = 400;
const UNKNOWN_HERE = "the cluster does not take this process's credentials (HTTP 401)";

export function statusOf(error: unknown): number | undefined {
  return error instanceof ApiException ? error.code : undefined;
}

/** The answer, or undefined where there is no such thing. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/**
 * What the cluster said, for a caller: a refusal names what was refused and why, and is not tried again; anything else may pass.
 * `what` completes "the cluster refused …".
 */
export async function asked<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw platformError(what, error);
  }
}

export function platformError(what: string, error: unknown): AgentRunError {
  if (error instanceof AgentRunError) return error;
  const status = statusOf(error);
  if (status === 401) return unavailable('platform', error, `${UNKNOWN_HERE}; try again`);
  if (status === undefined || status >= 500 || LATER.includes(status)) return unavailable('platform', error);
  const why = wordsOf(error);
  if (isStillStarting(why)) return unavailable('platform', error);
  const details = { part: 'platform', httpStatus: status, ...(isQuota(status, why) && { quota: true }) };
  const message = isQuota(status, why)
    ? `the namespace's quota has no room for ${what}: ${why.replace(NAMED_AGAIN, '')}`
    : `the cluster refused ${what} (HTTP ${status}): ${why}`;
  return new AgentRunError('runner-start-failed', 'conflict', message, details);
}

/** An API server that has just started refuses with 403 what it cannot check yet. */
export function isStillStarting(why: string): boolean {
  return /not yet ready to handle request/.test(why);
}

/** It begins with the object's kind and name, which `what` has said. */
const NAMED_AGAIN = /^\S+ "[^"]*" is forbidden: /;

function isQuota(status: number, why: string): boolean {
  return status === 403 && /exceeded quota|must specify|failed quota/.test(why);
}

/** The server's own sentence; it names objects and fields, never a value of a Secret. */
function wordsOf(error: unknown): string {
  const body = (error as ApiException<unknown>).body;
  const message = messageOf(typeof body === 'string' ? parsed(body) : body);
  return message === undefined ? 'it did not say why' : message.slice(0, SHOWN);
}

function messageOf(body: unknown): string | undefined {
  const message = typeof body === 'object' && body !== null ? (body as { message?: unknown }).message : undefined;
  return typeof message === 'string' && message !== '' ? message : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
