import type { ClaimedRun } from '../contract/lease.js';
import { secretKey } from '../domain/secrets.js';
import { GITHUB_SSH, isLentToAgent } from '../domain/tool-credentials.js';
import { AgentHost } from './agent-host.js';
import type { AttemptParts } from './attempt-parts.js';
import { BackendError, type Backend } from './backends/backend.js';
import type { LeaseKeeper } from './lease-keeper.js';
import { TurnJournal } from './commands/turn-journal.js';
import type { LentSshKey } from './lent-ssh-key.js';
import { openVolume, threadToResume, writeThreadId } from './volume.js';
import { prepareWorkspace } from './workspace.js';

export interface Preparation {
  readonly parts: Pick<AttemptParts, 'config' | 'createBackend' | 'outbox' | 'processes' | 'secrets' | 'sshKey'>;
  readonly run: ClaimedRun;
  readonly accepts: () => boolean;
  readonly status: (phase: string, facts: Record<string, unknown>) => void;
  readonly signal: AbortSignal;
}

/**
 * The volume, the workspace and the agent's host, all but the agent itself. @throws BackendError in words for people.
 */
export async function prepareHost(preparation: Preparation): Promise<{ host: AgentHost; journal: TurnJournal }> {
  const { parts, run, accepts, status, signal } = preparation;
  const { config, outbox, processes, sshKey } = parts;
  assertHanded(run, sshKey);
  const backend = backendFor(preparation);
  const volume = await openVolume(config.volumeDir, backend.kind);
  status('workspace/preparing', { kind: run.workspaceRef.kind });
  const workspaceDir = await prepareWorkspace({ ref: run.workspaceRef, ...volume, sshKey, processes, signal });
  processes.lend(config.agentEnvironment);
  await lendToAgent(run, parts);
  const threadId = run.threadId ?? (await threadToResume(volume, run.sessionRef?.threadId ?? null));
  let known = threadId;
  const onThread = async (opened: string) => {
    await writeThreadId(volume, opened);
    status(opened === known ? 'thread/resumed' : 'thread/started', { threadId: opened });
    known = opened;
  };
  const open = { workspaceDir, stateDir: volume.stateDir, policy: run.executionPolicy };
  const host = new AgentHost({ backend, processes, open, events: outbox, accepts, onThread }, threadId);
  return { host, journal: await TurnJournal.open(volume.journalFile) };
}

/** Before anything is fetched: an agent that needs it would fail later, and say so less well. */
function assertHanded(run: ClaimedRun, { isHanded }: LentSshKey): void {
  const { name } = GITHUB_SSH;
  if (isHanded || !isLentToAgent(run, name)) return;
  const message = `the run's policy lends its agent the tool credential ${name}, which this runner was not handed`;
  throw new BackendError('runner-start-failed', `${message}: set it first (agentrun credential set ${name})`);
}

/** After the workspace is there: what is lent is for the agent alone, until the attempt ends. */
async function lendToAgent(run: ClaimedRun, { sshKey, processes }: Preparation['parts']): Promise<void> {
  const key = isLentToAgent(run, GITHUB_SSH.name) ? await sshKey.open() : undefined;
  if (key !== undefined) processes.lend(key.environment);
}

/** An older manager does not say how a profile's agent is driven. */
function backendFor({ parts, run }: Preparation): Backend {
  const { config, secrets } = parts;
  const { backendProfile: profile, backendKind } = run as Omit<ClaimedRun, 'backendKind'> & { backendKind?: string };
  const kind = backendKind ?? config.backendKind ?? profile;
  const bundle = secrets[secretKey({ kind: 'provider-profile', name: profile })] ?? {};
  return parts.createBackend(kind, { profile, secrets: bundle, config });
}

/** Opens the thread; again, where the agent was stopped for the lease's sake meanwhile. Answers its id. */
export async function openThread(host: AgentHost, lease: Pick<LeaseKeeper, 'held'>): Promise<string> {
  for (;;) {
    await lease.held();
    const { epoch } = host;
    try {
      return (await host.thread()).threadId;
    } catch (error) {
      if (host.epoch === epoch) throw error;
    }
  }
}
