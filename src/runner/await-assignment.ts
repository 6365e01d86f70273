import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { HttpClient, mayRetry } from '../client/http-client.js';
import type { AssignmentAnswer } from '../contract/runner.js';
import { runVariables } from '../domain/runner-program.js';
import type { WarmConfig } from './config.js';
import { createLog } from './log.js';

/** There is no run for this runner and there will be none. */
export class NotNeededError extends Error {
  override readonly name = 'NotNeededError';
}

export interface Assigned {
  /** To stand over the environment that the runner was started with. */
  readonly variables: Readonly<Record<string, string>>;
  /** Speaks for the run's attempt. The claim token is good for nothing any more. */
  readonly token: string;
}

const PATH = '/api/v1/runners/assignment';
const RETRY_MS = { first: 100, most: 5_000 } as const;

/**
 * Waits until the manager has a run for this runner. Nothing of any run or tenant is here before that.
 * @throws NotNeededError when the manager has none for it, or none has answered for `giveUpMs`.
 */
export async function awaitAssignment(config: WarmConfig, claimToken: string): Promise<Assigned> {
  const { warmRunnerId, managerUrl, jobName, pollWaitMs: waitMs, giveUpMs, logLevel } = config;
  const log = createLog({ warmRunnerId, jobName, pid: process.pid }, logLevel);
  const client = new HttpClient({ baseUrl: managerUrl, token: claimToken });
  // Lives in this process alone: whoever reads the token elsewhere is another.
  const instance = randomBytes(16).toString('hex');
  log.info({}, 'waiting for a run');
  let answeredAt = performance.now();
  for (let failures = 0; ;) {
    try {
      const { assignment } = await client.post<AssignmentAnswer>(
        PATH,
        { instance, waitMs },
        { timeoutMs: waitMs + 10_000 },
      );
      [answeredAt, failures] = [performance.now(), 0];
      if (assignment === null) continue;
      const { runnerToken: token, ...run } = assignment;
      log.info({ runId: run.runId, attempt: run.attempt }, 'has a run');
      return { variables: runVariables(run), token };
    } catch (error) {
      if (!mayRetry(error)) throw new NotNeededError(`no run for this runner: ${(error as Error).message}`);
      if (performance.now() - answeredAt > giveUpMs) throw new NotNeededError('no manager has answered for too long');
      log.warn({ reason: (error as Error).message }, 'no answer; asking again');
      await delay(Math.min(RETRY_MS.first * 2 ** (failures += 1), RETRY_MS.most));
    }
  }
}
