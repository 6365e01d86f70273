import type { Round } from '../harness/round.js';
import type { Complaints } from './complaints.js';
import { readLedgers } from './ledger.js';

/** More than a runner of the suite ever logs. */
const LOG_BYTES = 1_000_000;

/**
 * One Job for each attempt, and in each Job one runner program: the lines of its log name their process. One that never got its token
 * has none, and is started again, rightly.
 */
export async function checkLaunches(round: Round): Promise<Complaints> {
  const { system, beganAt } = round;
  const runs = await system.query<{ id: string }>('SELECT id FROM runs WHERE created_at >= $1', [beganAt]);
  const ofRound = new Set(runs.map(({ id }) => id));
  const jobs = (await system.platform.list()).filter(({ runId }) => ofRound.has(runId));
  const atWork = new Set((await readLedgers(round)).map(({ jobName }) => jobName));
  const programs = await Promise.all(
    jobs.map(async ({ jobName }) => programsOf(await system.platform.logTail(jobName, LOG_BYTES))),
  );
  return [
    ...twice(jobs.map(({ runId, attempt }) => `attempt ${attempt} of ${runId}`)).map(
      (attempt) => `${attempt} has two Jobs`,
    ),
    ...jobs.flatMap(({ jobName }, index) => complaintsAbout(jobName, programs[index] ?? [], atWork.has(jobName))),
  ];
}

function complaintsAbout(jobName: string, programs: readonly number[], isAtWork: boolean): Complaints {
  if (programs.length > 1) return [`the Job ${jobName} had ${programs.length} runners: ${programs.join(', ')}`];
  return isAtWork && programs.length === 0 ? [`the Job ${jobName} had an agent, and its log no runner`] : [];
}

/** The processes that wrote a runner's log, from what is whole of it. */
export function programsOf(log: string): number[] {
  const pids = log.split('\n').flatMap((line) => /^\{.*"pid":(\d+)/.exec(line)?.[1] ?? []);
  return [...new Set(pids.map(Number))];
}

function twice(names: readonly string[]): string[] {
  return names.filter((name, index) => names.indexOf(name) !== index);
}
