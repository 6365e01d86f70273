import type { RunResult } from '../contract/result.js';
import type { RunRecord } from '../contract/run.js';
import { spell } from './durations.js';
import { terminalSafe, type Output } from './output.js';
import { statusWord } from './status-words.js';

/** `✓ Done in 3.2 s  run_…`, and where it did not go well what happened and what to do. */
export function resultLines(result: RunResult, output: Output): string {
  const { bold, dim } = output.colors;
  const { terminalStatus, failureKind, failureMessage } = result;
  const status = terminalStatus ?? result.status;
  const { commandElapsedMs, runElapsedMs } = result.liveness.timeoutBudget;
  const took = spell(commandElapsedMs ?? runElapsedMs);
  const first = `${statusWord({ status, failureKind }, output.colors)} ${dim(`in ${took}`)}  ${bold(result.runId)}`;
  const diagnosis = terminalStatus === 'completed' ? [] : [`  ${result.diagnosis}`];
  // The diagnosis quotes one line of it; the others may tell more.
  const rest = (failureMessage ?? '').split('\n').slice(1);
  const lines = [first, ...diagnosis, ...rest.filter((line) => line.trim()).map((line) => dim(`  ${line}`))].join('\n');
  return output.isTerminal ? terminalSafe(lines) : lines;
}

export function workspaceWords({ kind, repoUrl, ref, path }: RunRecord['workspaceRef']): string {
  if (kind === 'git') return `git ${repoUrl ?? ''}${ref === undefined ? '' : `#${ref}`}`;
  return kind === 'path' ? `path ${path ?? ''}` : 'none';
}

const REPLY_LINES = 20;

/** The end of what an agent answered, for a place where more is shown besides; empty where it said nothing. */
export function replyLines(reply: string | null): string[] {
  const lines = terminalSafe(reply ?? '')
    .trimEnd()
    .split('\n');
  if (lines.join('') === '') return [];
  return lines.length > REPLY_LINES ? ['…', ...lines.slice(-REPLY_LINES)] : lines;
}
