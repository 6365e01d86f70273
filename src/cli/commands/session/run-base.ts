import { Option, type Command } from 'commander';
import type { WorkspaceRef } from '../../../contract/run.js';
import type { RunBase, SessionSend } from '../../../contract/session-send.js';
import type { ToolCredentialName } from '../../../domain/tool-credentials.js';
import { durationMs } from '../../durations.js';
import { variable, workspace } from '../run/create-options.js';
import { count } from '../run/options.js';

/** What a session's new run is made with; what is not said is as in its last run. */
export interface RunBaseOptions {
  readonly tenant?: string;
  readonly project?: string;
  readonly backend?: string;
  readonly profile?: string;
  readonly workspace?: WorkspaceRef;
  readonly timeout?: number;
  readonly idleTimeout?: number;
  readonly maxAttempts?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly toolCredential?: readonly string[];
  readonly runner: boolean;
}

export function addRunBaseOptions(command: Command): Command {
  return command
    .option('--tenant <name>', "tenant of a new session: 'default' when absent")
    .option('--project <name>', "project of a new session: 'default' when absent")
    .option('--backend <name>', 'backend profile of a new run; as before, else the server’s default, when absent')
    .addOption(new Option('--profile <name>', 'the same as --backend').conflicts('backend'))
    .option('--workspace <where>', 'of a new run: none, path:<folder> or git:<url>[#<ref>]', workspace)
    .option('--timeout <duration>', 'longest turn of a new run, such as 30m', durationMs)
    .option('--idle-timeout <duration>', 'longest silence within a turn of a new run', durationMs)
    .option('--max-attempts <n>', 'how often a new run’s lost runner is replaced, the first included', count)
    .option('--env <name=value>', 'a variable for a new run’s agent (repeat for more); not for secrets', variable)
    .option('--tool-credential <name>', 'lend it to a new run’s agent: github-ssh (repeat for more)', names)
    .option('--no-runner', 'start no runner: one elsewhere claims the run');
}

type NewRun = Pick<SessionSend, 'run' | 'runnerJob' | 'createRunnerJob'>;

/** The part of a send that says what a new run would be: the same whenever it is repeated. */
export function newRunOf(options: RunBaseOptions): NewRun {
  const { tenant, project, env, runner } = options;
  const run: RunBase = {
    tenantId: tenant,
    projectId: project,
    backendProfile: options.backend ?? options.profile,
    workspaceRef: options.workspace,
    ...limitsOf(options),
  };
  return { run, ...(runner ? {} : { createRunnerJob: false }), ...(env !== undefined && { runnerJob: { env } }) };
}

/** Absent where nothing was said of them: what is there replaces that of the last run. */
function limitsOf({ timeout, idleTimeout, maxAttempts, toolCredential }: RunBaseOptions): RunBase {
  const toolCredentials = toolCredential as ToolCredentialName[] | undefined;
  const policy = {
    timeoutMs: timeout,
    idleTimeoutMs: idleTimeout,
    secretScope: toolCredentials && { toolCredentials },
  };
  const said = Object.values(policy).some((value) => value !== undefined);
  return {
    ...(said && { executionPolicy: policy }),
    ...(maxAttempts !== undefined && { retryPolicy: { maxAttempts } }),
  };
}

function names(given: string, before: readonly string[] = []): string[] {
  return [...before, given];
}
