import type { RunnerJobRecord, RunRecord } from '../../client/index.js';
import { jobLook, look, runLook, type StatusLook } from './status-look.js';
import type { TranscriptRow } from './transcript-rows.js';

/** One try of a run, as far as its Job and its events tell. */
export interface Attempt {
  readonly attempt: number;
  readonly look: StatusLook;
  readonly runnerId: string | null;
  readonly jobName: string | null;
  /** What it came to, in a few words. */
  readonly words: string;
  readonly stages: readonly Stage[];
}

/** A part of an attempt's time. */
export interface Stage {
  readonly what: 'starting' | 'working' | 'silent';
  readonly fromMs: number;
  readonly toMs: number;
}

/** A silence longer than this is shown as one. */
const SILENCE_MS = 60_000;

/** The attempts of a run, oldest first. Pure. */
export function attemptsOf(
  run: RunRecord,
  jobs: readonly RunnerJobRecord[],
  rows: readonly TranscriptRow[],
  nowMs: number,
): Attempt[] {
  const numbers = new Set([...jobs.map(({ attempt }) => attempt), run.attempt]);
  return [...numbers].sort((one, other) => one - other).map((attempt) => attemptOf(attempt, run, jobs, rows, nowMs));
}

function attemptOf(
  attempt: number,
  run: RunRecord,
  jobs: readonly RunnerJobRecord[],
  rows: readonly TranscriptRow[],
  nowMs: number,
): Attempt {
  const job = jobs.findLast((candidate) => candidate.attempt === attempt);
  const isLast = attempt === run.attempt;
  const isOver = !isLast || run.terminalStatus !== null;
  const runnerId = (isLast ? run.claimedBy : null) ?? job?.runnerId ?? null;
  return {
    attempt,
    look: isLast ? runLook(run) : job === undefined ? look('lost') : lostLook(job),
    runnerId,
    jobName: job?.jobName ?? null,
    words: job === undefined ? withoutJob(run, isOver) : jobWords(job, isOver),
    stages:
      job === undefined
        ? []
        : stagesOf(job, claimedAtMs(rows, job.runnerId), isOver ? Date.parse(job.finishedAt ?? job.updatedAt) : nowMs),
  };
}

function withoutJob(run: RunRecord, isOver: boolean): string {
  if (isOver) return '';
  return run.claimedBy === null
    ? 'no Job was asked for: any runner may take it'
    : 'taken by a runner that was started elsewhere';
}

/** An attempt that another one followed was lost, whatever its Job says of its end. */
function lostLook(job: RunnerJobRecord): StatusLook {
  const { word } = jobLook(job);
  return { ...look('lost'), word: job.status === 'failed' ? `Lost: ${word}` : 'Lost' };
}

function jobWords({ status, reason, exitCode, message, phase }: RunnerJobRecord, isOver: boolean): string {
  const facts = [
    `Job ${status}`,
    reason,
    exitCode === null || exitCode === 0 ? null : `exit ${exitCode}`,
    message,
    isOver ? null : phase,
  ];
  return facts.filter((fact) => fact !== null && fact !== undefined && fact !== '').join(' · ');
}

function claimedAtMs(rows: readonly TranscriptRow[], runnerId: string): number | undefined {
  const claim = rows.find((row) => row.kind === 'note' && row.text.startsWith(`${runnerId} took the run`));
  return claim === undefined ? undefined : Date.parse(claim.at);
}

function stagesOf({ createdAt, lastEventAt }: RunnerJobRecord, claimedMs: number | undefined, endMs: number): Stage[] {
  const fromMs = Date.parse(createdAt);
  const lastMs = lastEventAt === null || lastEventAt === undefined ? undefined : Date.parse(lastEventAt);
  const workFromMs = claimedMs ?? lastMs;
  if (workFromMs === undefined) return [stage('starting', fromMs, endMs)];
  const silentFromMs = lastMs !== undefined && endMs - lastMs > SILENCE_MS ? lastMs : endMs;
  const stages = [
    stage('starting', fromMs, workFromMs),
    stage('working', workFromMs, silentFromMs),
    stage('silent', silentFromMs, endMs),
  ];
  return stages.filter(({ fromMs: from, toMs }) => toMs > from);
}

function stage(what: Stage['what'], fromMs: number, toMs: number): Stage {
  return { what, fromMs, toMs: Math.max(fromMs, toMs) };
}
