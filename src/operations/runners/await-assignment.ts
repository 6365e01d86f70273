import type { Assignment, AssignmentAnswer, AssignmentAsk } from '../../contract/runner.js';
import { runnerJobId } from '../../domain/ids.js';
import { AgentRunError, conflict } from '../../domain/errors.js';
import type { WarmAnswer } from '../../ports/warm-runner-store.js';
import type { OperationContext } from '../context.js';

type Parts = Pick<OperationContext, 'warmRunners' | 'runs' | 'jobs' | 'runnerTokens' | 'wakeups'>;

/** A hint can be lost with a connection, and whoever picks a runner wants to know that it still asks. */
const RECHECK_MS = 10_000;

/**
 * What a runner that waits is told: its run, once it has one. With `waitMs` it is answered as soon as there is one.
 * @throws auth-required for a token whose runner is not known (any more); conflict for one that is used up, or another process's.
 */
export async function awaitAssignment(
  parts: Parts,
  warmRunnerId: string,
  { instance, waitMs = 0 }: AssignmentAsk,
  signal: AbortSignal,
): Promise<AssignmentAnswer> {
  const subscription = parts.wakeups.subscribe(`warm:${warmRunnerId}`);
  const endsAt = Date.now() + waitMs;
  try {
    for (;;) {
      const answer = await parts.warmRunners.ask(warmRunnerId, instance);
      if (answer.kind === 'assigned') return { assignment: await describe(parts, answer) };
      assertLetIn(answer);
      if (signal.aborted) {
        // Nobody listens there now: a run had better take another.
        await parts.warmRunners.left(warmRunnerId, instance);
        return { assignment: null };
      }
      if (Date.now() >= endsAt) return { assignment: null };
      await subscription.next(Math.min(endsAt - Date.now(), RECHECK_MS), signal);
    }
  } finally {
    subscription.close();
  }
}

function assertLetIn({ kind }: WarmAnswer): void {
  if (kind === 'unknown') throw new AgentRunError('auth-required', 'invalid', 'the bearer token is not valid');
  if (kind === 'refused') throw conflict('this claim token is used up, or is for another process');
}

async function describe(
  { runs, jobs, runnerTokens }: Parts,
  { runId, attempt, traceparent }: Extract<WarmAnswer, { kind: 'assigned' }>,
): Promise<Assignment> {
  const id = runnerJobId(runId, attempt);
  const [run, job, asked] = await Promise.all([runs.getRun(runId, 'all'), jobs.get(id), jobs.overrides(id)]);
  if (run === undefined || job === undefined) throw conflict('the run of this claim token is gone');
  const { attemptId, runnerId } = job;
  const runnerToken = await runnerTokens.issue({ runId, tenantId: run.tenantId, attempt, runnerId });
  return { runId, attempt, attemptId, runnerId, env: asked?.env ?? {}, traceparent, runnerToken };
}
