import type { ActionDescriptor, RunResult } from '../contract/result.js';
import type { RunRecord } from '../contract/run.js';
import { spell } from './durations.js';
import { terminalSafe, type Output } from './output.js';
import { statusWord } from './status-words.js';

/** `✓ Done in 3.2 s  run_…`, and why where there is a why. */
export function resultLines(result: RunResult, output: Output): string {
  const { bold, dim } = output.colors;
  const { terminalStatus, failureKind, failureMessage } = result;
  const status = terminalStatus ?? result.status;
  const { commandElapsedMs, runElapsedMs } = result.liveness.timeoutBudget;
  const took = spell(commandElapsedMs ?? runElapsedMs);
  const first = `${statusWord({ status, failureKind }, output.colors)} ${dim(`in ${took}`)}  ${bold(result.runId)}`;
  const why = failureMessage === null ? [] : [`  ${failureMessage}`];
  const diagnosis = terminalStatus === 'completed' ? [] : [dim(`  ${result.diagnosis}`)];
  const lines = [first, ...why, ...diagnosis].join('\n');
  return output.isTerminal ? terminalSafe(lines) : lines;
}

export function workspaceWords({ kind, repoUrl, ref, path }: RunRecord['workspaceRef']): string {
  if (kind === 'git') return `git ${repoUrl ?? ''}${ref === undefined ? '' : `#${ref}`}`;
  return kind === 'path' ? `path ${path ?? ''}` : 'none';
}

/** The manager's advice as commands of this program; what it has no command for is left out. */
export function nextCommands(actions: readonly ActionDescriptor[], program: string): string[] {
  return actions.flatMap((action) => commandFor(action, program) ?? []);
}

function commandFor({ action, runId }: ActionDescriptor, program: string): string | undefined {
  const run = (rest: string) => `${program} run ${rest}`;
  const id = runId ?? '';
  const commands: Record<string, string | undefined> = {
    'poll-events': run(`tail ${id}`),
    'read-events': run(`tail ${id}`),
    'start-runner': run(`send ${id} "…" --runner`),
    'send-turn': run(`send ${id} "…"`),
    'steer-turn': run(`send ${id} "…" --type steer`),
    'interrupt-turn': run(`send ${id} --type interrupt`),
    'cancel-run': run(`cancel ${id}`),
    'create-run': run('create --prompt "…"'),
  };
  return commands[action];
}
