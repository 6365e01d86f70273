import type { CommandRecord } from '../../contract/command.js';
import type { TimelineEntry } from '../../contract/explanation.js';
import type { RunnerJobRecord } from '../../contract/runner.js';
import { leaseEndMs } from '../liveness-phase.js';
import { ageInWords, asClause } from '../words.js';
import { entriesFrom, type TellEntry } from './entry.js';
import type { ExplainFacts } from './explain-facts.js';

const QUOTE = 120;

/** What the rows tell: the run, its commands, its Jobs, and the lease that is held. */
export function recordEntries({ run: facts, jobs, leaseRenewedAtMs }: ExplainFacts): TimelineEntry[] {
  const { run } = facts;
  const tell = entriesFrom('records', run.id);
  const created = `The run was created for ${run.tenantId}/${run.projectId}, on ${run.backendProfile}.`;
  return [
    tell(Date.parse(run.createdAt), 'run', created),
    ...jobs.flatMap((job) => jobEntries(tell, job)),
    ...facts.commands.flatMap((command) => commandEntries(tell, command)),
    ...leaseEntries(tell, facts, leaseRenewedAtMs),
  ];
}

const START = { warm: '; a runner that waited took it', cold: '', undecided: '' } as const;

function jobEntries(tell: TellEntry, job: RunnerJobRecord): TimelineEntry[] {
  const of = { attempt: job.attempt, runnerJobId: job.id, runnerId: job.runnerId };
  const asked = tell(
    Date.parse(job.createdAt),
    'job',
    `The runner Job ${job.jobName} was asked for${START[job.start ?? 'undecided']}.`,
    of,
  );
  if (job.finishedAt === null) return [asked];
  const isTrouble = job.status === 'failed' || job.status === 'lost';
  const text = `The runner Job of attempt ${job.attempt} ended ${job.status}${jobEnd(job)}.`;
  return [asked, tell(Date.parse(job.finishedAt), 'job', text, { ...of, isTrouble })];
}

/** The platform's own sentence says more than its words. */
function jobEnd({ reason, exitCode, message }: RunnerJobRecord): string {
  const code = exitCode === null ? null : `exit code ${exitCode}`;
  const words = message ? [reason, asClause(message, QUOTE)] : [reason, code];
  const said = words.filter((word) => word !== null && word !== '');
  return said.length === 0 ? '' : ` (${said.join(', ')})`;
}

const COMMAND_KINDS = { turn: 'command', steer: 'steer', interrupt: 'interrupt' } as const;

function commandEntries(tell: TellEntry, command: CommandRecord): TimelineEntry[] {
  const kind = COMMAND_KINDS[command.type];
  const of = { commandId: command.id };
  const name = `${command.type.charAt(0).toUpperCase()}${command.type.slice(1)} ${command.seq}`;
  const entries = [tell(Date.parse(command.createdAt), kind, `${name} was asked for.`, of)];
  if (command.acknowledgedAt !== null) {
    const details = { ...of, attempt: command.attempt };
    entries.push(tell(Date.parse(command.acknowledgedAt), kind, `${name} was taken by the runner.`, details));
  }
  if (command.finishedAt !== null) {
    const isTrouble = command.state === 'failed' || command.state === 'blocked';
    const details = { ...of, attempt: command.attempt, isTrouble };
    entries.push(tell(Date.parse(command.finishedAt), kind, `${name} ${commandEnd(command)}.`, details));
  }
  return entries;
}

function commandEnd({ state, failureKind, failureMessage, supersededBy }: CommandRecord): string {
  if (supersededBy !== null) return `came too late for its turn, and became the turn ${supersededBy}`;
  const word = { completed: 'completed', failed: 'failed', blocked: 'is blocked', cancelled: 'was cancelled' };
  const end = word[state as keyof typeof word] ?? state;
  const kind = failureKind === null || failureKind === 'cancelled' ? '' : ` with ${failureKind}`;
  const isSilent = failureMessage === null || failureMessage === '' || failureMessage === 'cancelled';
  return `${end}${kind}${isSilent ? '' : `: ${asClause(failureMessage, QUOTE)}`}`;
}

function leaseEntries(tell: TellEntry, facts: ExplainFacts['run'], renewedAtMs: number | null): TimelineEntry[] {
  const { run, nowMs } = facts;
  const endMs = leaseEndMs(facts);
  if (endMs === null || run.claimedBy === null) return [];
  const of = { attempt: run.attempt, runnerId: run.claimedBy };
  const renewed = renewedAtMs === null ? [] : [tell(renewedAtMs, 'lease', leaseText(run.claimedBy, endMs, nowMs), of)];
  if (endMs > nowMs) return renewed;
  return [
    ...renewed,
    tell(endMs, 'lease', `The lease of ${run.claimedBy} ran out, and nobody has decided about its attempt yet.`, {
      ...of,
      isTrouble: true,
    }),
  ];
}

function leaseText(runner: string, endMs: number, nowMs: number): string {
  const left = endMs > nowMs ? `lasts ${ageInWords(endMs - nowMs)} more` : `ended ${ageInWords(nowMs - endMs)} ago`;
  return `Runner ${runner} renewed its lease last here; it ${left}.`;
}
