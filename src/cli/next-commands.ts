import type { ActionDescriptor } from '../contract/result.js';
import type { RunRecord } from '../contract/run.js';
import type { NextAction } from '../domain/next-actions.js';

/** The manager's advice as commands of this program; what it has no command for is left out. */
export function nextCommands(actions: readonly ActionDescriptor[], run: RunRecord, program: string): string[] {
  const commands = actions.flatMap((action) => {
    const command = Object.hasOwn(COMMANDS, action.action) ? COMMANDS[action.action]?.(action, run) : undefined;
    return command === undefined ? [] : `${program} ${command}`;
  });
  return [...new Set(commands)];
}

const COMMANDS: Partial<Record<NextAction, (action: ActionDescriptor, run: RunRecord) => string | undefined>> = {
  'poll-events': ({ runId }) => `run tail ${runId}`,
  'read-events': ({ runId }) => `run tail ${runId}`,
  'start-runner': ({ runId }) => `run send ${runId} "…" --runner`,
  'send-turn': ({ runId }) => `run send ${runId} "…"`,
  'steer-turn': ({ runId }) => `run send ${runId} "…" --type steer`,
  'interrupt-turn': ({ runId }) => `run send ${runId} --type interrupt`,
  'cancel-run': ({ runId }) => `run cancel ${runId}`,
  'create-run': (_, run) => create(run),
  'answer-input': (action, run) => answer(action, run),
  'allow-input': (_, run) => allow(run),
  'raise-limit': (action, run) => raise(action, run),
  'send-session': ({ sessionId }) => `session send ${sessionId} "…"`,
  'create-session': () => 'session create',
  'set-credential': ({ resourceName }) => `profile credential ${resourceName} --api-key-stdin`,
  'set-config': ({ resourceName }) => `profile config ${resourceName} --file …`,
  'validate-profile': ({ resourceName }) => `profile validate ${resourceName}`,
};

/** The same run once more, as far as it can be said on a command line. What a run without a sandbox gets is the manager's to know. */
function create(run: RunRecord, sandbox: string | null = run.executionPolicy.sandbox): string {
  const { backendProfile, workspaceRef, tenantId, projectId, sessionRef } = run;
  const { approval, network } = run.executionPolicy;
  const option = (name: string, value: string | undefined, isDefault = false) =>
    value === undefined || isDefault ? [] : [`--${name} ${inShell(value)}`];
  return [
    'run create',
    ...option('backend', backendProfile),
    ...option('workspace', workspaceOption(workspaceRef), workspaceRef.kind === 'none'),
    ...option('tenant', tenantId, tenantId === 'default'),
    ...option('project', projectId, projectId === 'default'),
    ...option('session', sessionRef?.sessionId),
    ...option('sandbox', sandbox ?? undefined),
    ...option('approval', approval, approval === 'never'),
    ...(network ? [] : ['--no-network']),
    '--prompt "…"',
  ].join(' ');
}

function raise({ reasonHint }: ActionDescriptor, run: RunRecord): string {
  return `${create(run)} ${reasonHint?.includes('idleTimeoutMs') ? '--idle-timeout …' : '--timeout …'}`;
}

/** How much more is for a person to say. */
function allow(run: RunRecord): string {
  return `${create({ ...run, executionPolicy: { ...run.executionPolicy, network: true } }, null)} --sandbox …`;
}

/** Where the words go that answer what the agent asked: to the live run, to its session, or into another run. */
function answer({ resourceKind, runId, sessionId }: ActionDescriptor, run: RunRecord): string {
  if (resourceKind === 'command') return `run send ${runId} "…"`;
  return resourceKind === 'session' ? `session send ${sessionId} "…"` : create(run);
}

function workspaceOption({ kind, repoUrl = '', ref, path }: RunRecord['workspaceRef']): string {
  if (kind === 'git') return `git:${repoUrl}${ref === undefined ? '' : `#${ref}`}`;
  return kind === 'path' ? `path:${path ?? ''}` : 'none';
}

function inShell(word: string): string {
  return /^[\w:/.@+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
