import { Option, type Command } from 'commander';
import type { RunBase, SessionSend } from '../../../contract/session-send.js';
import { addWorkOptions, executionPolicyOf, type WorkOptions } from '../run/create-options.js';
import { count } from '../run/options.js';

/** What a session's new run is made with; what is not said is as in its last run. */
export interface RunBaseOptions extends WorkOptions {
  readonly tenant?: string;
  readonly project?: string;
  readonly backend?: string;
  readonly profile?: string;
  readonly maxAttempts?: number;
  readonly runner: boolean;
}

export function addRunBaseOptions(command: Command): Command {
  return addWorkOptions(command, ' of a new run')
    .option('--tenant <name>', "tenant of a new session: 'default' when absent")
    .option('--project <name>', "project of a new session: 'default' when absent")
    .option('--backend <name>', 'backend profile of a new run; as before, else the server’s default, when absent')
    .addOption(new Option('--profile <name>', 'the same as --backend').conflicts('backend'))
    .option('--max-attempts <n>', 'how often a new run’s lost runner is replaced, the first included', count)
    .option('--no-runner', 'start no runner: one elsewhere claims the run');
}

type NewRun = Pick<SessionSend, 'run' | 'runnerJob' | 'createRunnerJob'>;

/** The part of a send that says what a new run would be: the same whenever it is repeated. */
export function newRunOf(options: RunBaseOptions): NewRun {
  const { tenant, project, env, runner, maxAttempts } = options;
  const run: RunBase = {
    tenantId: tenant,
    projectId: project,
    backendProfile: options.backend ?? options.profile,
    workspaceRef: options.workspace,
    executionPolicy: executionPolicyOf(options),
    retryPolicy: maxAttempts === undefined ? undefined : { maxAttempts },
  };
  return { run, ...(runner ? {} : { createRunnerJob: false }), ...(env !== undefined && { runnerJob: { env } }) };
}
