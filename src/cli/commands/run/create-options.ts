import { InvalidArgumentError, Option, type Command } from 'commander';
import { resolve } from 'node:path';
import type { ExecutionPolicy, WorkspaceRef } from '../../../contract/run.js';
import { APPROVALS, SANDBOXES } from '../../../domain/agent-rights.js';
import type { ToolCredentialName } from '../../../domain/tool-credentials.js';
import { durationMs } from '../../durations.js';

/** What an agent works with, however its work is asked for. */
export interface WorkOptions {
  readonly workspace?: WorkspaceRef;
  readonly sandbox?: ExecutionPolicy['sandbox'];
  readonly approval?: ExecutionPolicy['approval'];
  readonly network: boolean;
  readonly timeout?: number;
  readonly idleTimeout?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly toolCredential?: readonly string[];
}

/** `ofWhat` says, with a blank before it, whose work it is where that is not plain. */
export function addWorkOptions(command: Command, ofWhat = ''): Command {
  return command
    .option(
      '--workspace <where>',
      `where the agent${ofWhat} works: none, path:<folder> or git:<url>[#<ref>]`,
      workspace,
    )
    .addOption(
      new Option(
        '--sandbox <rights>',
        `what the agent${ofWhat} may change (otherwise as the manager is set: AGENTRUN_DEFAULT_SANDBOX)`,
      ).choices(SANDBOXES),
    )
    .addOption(
      new Option('--approval <when>', `whether the agent${ofWhat} may ask for more (otherwise: never)`).choices(
        APPROVALS,
      ),
    )
    .option('--no-network', `keep the agent${ofWhat} from the network`)
    .option('--timeout <duration>', `longest turn${ofWhat}, such as 30m`, durationMs)
    .option('--idle-timeout <duration>', `longest silence within a turn${ofWhat}`, durationMs)
    .option('--env <name=value>', `a variable for the agent${ofWhat} (repeat for more); not for secrets`, variable)
    .option('--tool-credential <name>', `lend it to the agent${ofWhat}: github-ssh (repeat for more)`, names);
}

/** Undefined where nothing was said of it: what is there may replace that of a spec or of an earlier run. */
export function executionPolicyOf(options: WorkOptions): Partial<ExecutionPolicy> | undefined {
  // Whether there is such a credential is for the server to say.
  const toolCredentials = options.toolCredential as ToolCredentialName[] | undefined;
  const policy = {
    sandbox: options.sandbox,
    approval: options.approval,
    network: options.network ? undefined : false,
    timeoutMs: options.timeout,
    idleTimeoutMs: options.idleTimeout,
    secretScope: toolCredentials && { toolCredentials },
  };
  return Object.values(policy).some((value) => value !== undefined) ? policy : undefined;
}

function workspace(given: string): WorkspaceRef {
  if (given === 'none') return { kind: 'none' };
  const [, kind, where = ''] = /^(path|git):(.+)$/s.exec(given) ?? [];
  if (kind === 'path') return { kind, path: resolve(where) };
  if (kind !== 'git') throw new InvalidArgumentError('Give none, path:<folder> or git:<url>[#<ref>].');
  const [repoUrl = '', ref] = where.split('#');
  const isLocal = !/^[a-z]+:\/\/|^[^/]+@[^/]+:/i.test(repoUrl);
  return { kind, repoUrl: isLocal ? resolve(repoUrl) : repoUrl, ...(ref && { ref }) };
}

export function variable(given: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(given) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Give NAME=value.');
  return { ...before, [name]: value };
}

function names(given: string, before: readonly string[] = []): string[] {
  return [...before, given];
}
