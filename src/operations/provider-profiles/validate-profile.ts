import { missing } from '../../domain/errors.js';
import type { CommandRecord } from '../../contract/command.js';
import type { ProfileValidation, ProfileValidationCreate } from '../../contract/provider-profile.js';
import type { ExecutionPolicy, RunCreate, RunRecord } from '../../contract/run.js';
import { firstCommandId, runIdOfValidation, runnerJobId, validationId } from '../../domain/ids.js';
import type { Principal } from '../../domain/principal.js';
import { buildRunResult } from '../../run-result/build-run-result.js';
import { requireInstallation, tenantScope } from '../access.js';
import { bodyHash } from '../body-hash.js';
import type { OperationContext } from '../context.js';
import { readRunFacts } from '../runs/read-run-facts.js';
import { startRun } from '../runs/start-run.js';
import { assertProfileName } from './kept-profile.js';

/** The least that shows that the provider answers. */
const PROMPT = 'Answer with the one word "ready". Use no tools and change nothing.';
const REPLY_EXCERPT = 500;

/** Marks the run as one profile's validation. */
const MARK = 'providerProfileValidation';

const POLICY: NonNullable<RunCreate['executionPolicy']> = {
  approval: 'never',
  timeoutMs: 120_000,
  idleTimeoutMs: 60_000,
};

/**
 * Starts one real turn on the profile: an ordinary run, which ends with that turn. The same key starts one only.
 * @throws missing for a profile that is not set up; forbidden; idempotency-conflict.
 */
export async function validateProfile(
  context: OperationContext,
  principal: Principal,
  profile: string,
  request: { readonly body: ProfileValidationCreate; readonly traceId: string },
): Promise<ProfileValidation> {
  requireInstallation(principal);
  assertProfileName(profile);
  if ((await context.backends.get(profile)) === undefined) throw missing('profile', profile);
  const { body, traceId } = request;
  const { tenantId = 'agentrun', projectId = 'validations', idempotencyKey: key } = body;
  const route = `POST /api/v1/provider-profiles/${profile}/validate`;
  const { run, command } = await startRun(context, principal, {
    body: { ...runOf(profile, tenantId, projectId), executionPolicy: { ...POLICY, sandbox: sandboxOf(context) } },
    traceId,
    reservation: key === undefined ? undefined : { tenantId, route, key, bodyHash: bodyHash(body) },
    opening: { turn: { payload: { prompt: PROMPT } }, runnerJob: {} },
  });
  return validationOf(context, profile, run, command);
}

/** A validation as its run stands now. @throws missing, also for a run of a tenant that the principal does not see. */
export async function getValidation(
  context: OperationContext,
  principal: Principal,
  profile: string,
  id: string,
): Promise<ProfileValidation> {
  assertProfileName(profile);
  const runId = runIdOfValidation(id);
  const scope = tenantScope(principal);
  const run = await context.runs.getRun(runId, scope);
  const command = await context.runs.getCommand(firstCommandId(runId), scope);
  if (run?.metadata[MARK] !== profile || command === undefined) throw missing('validation', id);
  return validationOf(context, profile, run, command);
}

function runOf(profile: string, tenantId: string, projectId: string): RunCreate {
  return {
    tenantId,
    projectId,
    backendProfile: profile,
    workspaceRef: { kind: 'none' },
    retryPolicy: { maxAttempts: 1 },
    endsWithTurn: true,
    metadata: { [MARK]: profile },
  };
}

/** The least that there is: where runs go without a sandbox of their agent's, none can be made. */
function sandboxOf({ defaultSandbox }: OperationContext): ExecutionPolicy['sandbox'] {
  return defaultSandbox === 'full-access' ? defaultSandbox : 'read-only';
}

async function validationOf(
  context: OperationContext,
  profile: string,
  run: RunRecord,
  command: CommandRecord,
): Promise<ProfileValidation> {
  const result = buildRunResult(await readRunFacts(context, run));
  const { createdAt, finishedAt, terminalStatus } = run;
  const { acknowledgedAt, finishedAt: turnEndedAt } = command;
  return {
    id: validationId(run.id),
    profile,
    state: terminalStatus === null ? 'running' : terminalStatus === 'completed' ? 'succeeded' : 'failed',
    runId: run.id,
    commandId: command.id,
    runnerJobId: runnerJobId(run.id, 1),
    latencyMs: between(createdAt, finishedAt),
    turnMs: between(acknowledgedAt, turnEndedAt),
    failureKind: run.failureKind,
    failureMessage: run.failureMessage,
    diagnosis: result.diagnosis,
    reply: result.reply?.slice(0, REPLY_EXCERPT).replace(/[\ud800-\udbff]$/, '') ?? null,
    createdAt,
    finishedAt,
    valuesPrinted: false,
  };
}

/** The clocks of the database and of the workflow may differ by a little. */
function between(from: string | null, to: string | null): number | null {
  return from === null || to === null ? null : Math.max(0, Date.parse(to) - Date.parse(from));
}
