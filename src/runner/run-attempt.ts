import { ApiError, HttpClient } from '../client/http-client.js';
import { isTerminalStatus } from '../domain/outcome.js';
import { RUNNER_VARIABLES } from '../domain/runner-program.js';
import type { HandedSecrets } from '../domain/secrets.js';
import { AgentProcesses } from './agent-processes.js';
import { Attempt } from './attempt.js';
import type { AttemptParts } from './attempt-parts.js';
import { AttemptScope, type AttemptEnd } from './attempt-scope.js';
import type { Backend } from './backends/backend.js';
import { createBackend, type BackendContext } from './backends/registry.js';
import type { RunnerConfig } from './config.js';
import { EventOutbox } from './events/outbox.js';
import { sendEvents } from './events/sending.js';
import { LentSshKey } from './lent-ssh-key.js';
import type { Log } from './log.js';
import { sweepPrivateFolders } from '../processes/private-folder.js';
import { noTracing, type Tracing } from '../telemetry/tracing.js';
import { RunApi, isOverFor, type Claim } from './run-api.js';
import { asAttempt, traceHeaders } from './telling.js';
import { within } from './within.js';

export interface RunnerOptions {
  readonly config: RunnerConfig;
  readonly token: string;
  readonly secrets: HandedSecrets;
  readonly log: Log;
  /** Where its spans go; nowhere when absent. */
  readonly tracing?: Tracing;
  /** Defaults to those built in. */
  readonly createBackend?: (kind: string, context: BackendContext) => Backend;
}

export interface RunningAttempt {
  /** Resolves when the attempt is over and nothing of the agent is left. */
  readonly ended: Promise<AttemptEnd>;
  /** SIGTERM's way: the agent is asked to end, its last events are sent, what is open stays open. */
  terminate(): void;
  /** Kills the agent's tree without waiting; for the last moment of the process. */
  kill(): void;
}

/**
 * Longer than an orderly end takes. What hangs then is left to the end of the process, which kills the agent's tree.
 */
const RELEASE_MS = 15_000;
const GRACE_MS = 2_000;
const LAST_FLUSH_MS = 5_000;
const LAST_LOOK_MS = 3_000;
/** How often a runner asks itself whether there is still a manager. */
const LOOK_MS = 30_000;

/** Starts one attempt: registers, claims, and drives the agent until the run ends or the attempt is another's. */
export function startAttempt(options: RunnerOptions): RunningAttempt {
  const { config, log, secrets } = options;
  const scope = new AttemptScope();
  const calls = new AbortController();
  const tracing = options.tracing ?? noTracing;
  const client = new HttpClient({ baseUrl: config.managerUrl, token: options.token, headers: traceHeaders });
  const api = new RunApi({ client, runId: config.runId, runnerId: config.runnerId, log, signal: calls.signal });
  const processes = new AgentProcesses(config.ownEnvironment, {
    name: RUNNER_VARIABLES.jobName,
    value: config.jobName,
  });
  const outbox = new EventOutbox(sendEvents({ api, scope, log }), { firstSeq: firstClientSeq() });
  const backendOf = options.createBackend ?? createBackend;
  const sshKey = new LentSshKey(secrets);
  const parts = { config, secrets, sshKey, api, scope, outbox, processes, createBackend: backendOf, log, tracing };
  return {
    ended: asAttempt(tracing, config, () => drive(parts)).finally(() => calls.abort(new Error('the runner ends'))),
    terminate: () => scope.end('terminated'),
    kill: () => {
      processes.kill();
      sshKey.closeAllNow();
    },
  };
}

async function drive(parts: AttemptParts): Promise<AttemptEnd> {
  const { scope, log } = parts;
  let attempt: Attempt | undefined;
  const work = (async () => {
    // What a runner that was killed here could not.
    await sweepPrivateFolders();
    const claim = await claimRun(parts);
    if (!claim) return;
    attempt = new Attempt(parts, claim.run);
    await attempt.begin(claim.sentAt);
  })().catch((error: unknown) => endBy(error, parts));
  const watching = watchForManager(parts);
  const end = await scope.ended.finally(() => clearInterval(watching));
  log.info({ end }, 'the attempt is over; ending the agent');
  await within(RELEASE_MS, release(parts, attempt, end));
  void work;
  if (end === 'run-ended' || end === 'start-failed') await attempt?.measureLast();
  return end === 'attempt-over' ? lastLook(parts) : end;
}

/**
 * A manager that comes back finds the runner still asking, and the attempt as it was. One that never does must not leave its runners
 * behind for ever.
 */
function watchForManager({ api, config, scope, log }: AttemptParts): NodeJS.Timeout {
  const look = () => {
    if (api.silentMs < config.giveUpMs) return;
    log.error({ silentMs: Math.round(api.silentMs) }, 'no manager has answered for too long; giving up');
    scope.end('abandoned');
  };
  return setInterval(look, Math.min(LOOK_MS, config.giveUpMs));
}

/** Undefined when the run has ended already. */
async function claimRun({ api, config, log, scope }: AttemptParts): Promise<Claim | undefined> {
  const run = await api.readRun();
  if (isTerminalStatus(run.status)) {
    scope.end('run-ended');
    return undefined;
  }
  const { runId, runnerId, attemptId, placement, sourceCommit } = config;
  await api.register({ runId, runnerId, attemptId, placement, sourceCommit, backendProfile: run.backendProfile });
  const claim = await api.claim(config.leaseMs, config.attempt);
  // How much of the start was this program's own.
  const sinceStartMs = Math.round(performance.now());
  log.info({ attempt: claim.run.attempt, leaseMs: config.leaseMs, sinceStartMs }, 'claimed');
  return claim;
}

async function release(parts: AttemptParts, attempt: Attempt | undefined, end: AttemptEnd): Promise<void> {
  const { outbox, processes, sshKey } = parts;
  const force = end === 'attempt-over' || end === 'broken' || end === 'abandoned';
  if (force) processes.killGroups();
  await attempt?.release({ force, graceMs: GRACE_MS });
  await processes.close();
  await sshKey.closeAll();
  if (!force) await within(LAST_FLUSH_MS, outbox.flush());
  outbox.discard();
}

function endBy(error: unknown, { scope, log }: AttemptParts): void {
  if (scope.isOver) return;
  const isRefusal = isOverFor(error) || (error instanceof ApiError && error.status === 409);
  const reason = error instanceof Error ? error.message : String(error);
  if (isRefusal) log.warn({ reason }, 'refused by the manager');
  else log.error({ err: error }, 'the runner failed');
  scope.end(isRefusal ? 'attempt-over' : 'broken');
}

/** Refused for good, and the reason may be the best: the run has ended. */
async function lastLook({ api }: AttemptParts): Promise<AttemptEnd> {
  const run = await within(
    LAST_LOOK_MS,
    api.readRun().catch(() => undefined),
  );
  return run && isTerminalStatus(run.status) ? 'run-ended' : 'attempt-over';
}

/**
 * A runner that is started again by hand may claim the attempt it had: its events must not pass for those of before.
 * Microseconds of the clock leave room for what a process can say.
 */
function firstClientSeq(): number {
  return Date.now() * 1_000;
}
