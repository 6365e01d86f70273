import { LEASE_MS } from '../domain/lease.js';
import { AGENT_VARIABLE_PREFIX, RUNNER_VARIABLES as NAMES } from '../domain/runner-program.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings of one runner process. No secret is among them: the token comes by stdin or a mounted file. */
export interface RunnerConfig {
  readonly managerUrl: string;
  readonly runId: string;
  /** The attempt this runner was made for; undefined takes whichever is open. */
  readonly attempt: number | undefined;
  readonly attemptId: string | undefined;
  readonly runnerId: string;
  /** Names the runner's processes: every one of them carries it in its environment. */
  readonly jobName: string;
  readonly volumeDir: string;
  /** How the manager knows that volume; undefined where the runner was started by hand. */
  readonly volume: { readonly pvcName: string; readonly namespace: string } | undefined;
  readonly leaseMs: number;
  readonly idleTimeoutMs: number;
  readonly pollWaitMs: number;
  readonly interruptGraceMs: number;
  /** Without any answer of the manager for so long the runner ends: a later attempt goes on. */
  readonly giveUpMs: number;
  /** Undefined: the token is the first line of stdin. */
  readonly tokenFile: string | undefined;
  /** Where secrets are mounted; looked at where the token is a file. */
  readonly secretsDir: string | undefined;
  /** Holds token and secrets instead of both, to be read once and emptied. */
  readonly handoverDir: string | undefined;
  /** How the agent is driven, where the claim does not say it. */
  readonly backendKind: string | undefined;
  /** The codex program to start; undefined looks for one. */
  readonly codexPath: string | undefined;
  /** Where programs are that were fetched for agents. */
  readonly cacheDir: string | undefined;
  readonly placement: string;
  readonly sourceCommit: string;
  readonly logLevel: string;
  /** The span that this attempt belongs under. */
  readonly traceparent: string | undefined;
  /** Where spans go; undefined: nowhere. */
  readonly tracesUrl: string | undefined;
  /** What is started before the agent gets: nothing that a run chose, for that would choose where git goes and what it runs. */
  readonly ownEnvironment: Readonly<Record<string, string>>;
  /** All that the agent gets of an environment. */
  readonly agentEnvironment: Readonly<Record<string, string>>;
}

/** Of a runner that waits until it is told its run; what it is then follows from the environment and that. */
export interface WarmConfig extends Pick<
  RunnerConfig,
  'managerUrl' | 'jobName' | 'pollWaitMs' | 'giveUpMs' | 'handoverDir' | 'tokenFile' | 'secretsDir' | 'logLevel'
> {
  readonly warmRunnerId: string;
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const HOUR_MS = 3_600_000;

/** What of the runner's own environment the agent sees; everything else is kept from it. */
const PASSED_ON = /^(PATH|HOME|LANG|LC_[A-Z]+|TERM|TMPDIR|USER|SHELL)$/;

/** Undefined for a runner that has its run from the start. @throws ConfigError naming the variable that is missing or wrong. */
export function readWarmConfig(environment: Environment): WarmConfig | undefined {
  const warmRunnerId = optional(environment, NAMES.warmRunnerId);
  if (warmRunnerId === undefined) return undefined;
  return {
    warmRunnerId,
    managerUrl: url(environment, NAMES.managerUrl),
    jobName: required(environment, NAMES.jobName),
    ...timesAndHandover(environment),
  };
}

/** @throws ConfigError naming the variable that is missing or wrong. */
export function readRunnerConfig(environment: Environment): RunnerConfig {
  const runId = required(environment, NAMES.runId);
  const runnerId = required(environment, NAMES.runnerId);
  return {
    managerUrl: url(environment, NAMES.managerUrl),
    runId,
    attempt: optional(environment, NAMES.attempt) ? integer(environment, NAMES.attempt, 1) : undefined,
    attemptId: optional(environment, NAMES.attemptId),
    runnerId,
    jobName: optional(environment, NAMES.jobName) ?? `by-hand-${runId}`,
    volumeDir: absolutePath(environment, NAMES.volumeDir),
    volume: volumeOf(environment),
    leaseMs: integer(environment, NAMES.leaseMs, LEASE_MS.min, 180_000, LEASE_MS.max),
    idleTimeoutMs: integer(environment, NAMES.idleTimeoutMs, 1, 600_000),
    ...timesAndHandover(environment),
    interruptGraceMs: integer(environment, NAMES.interruptGraceMs, 0, 5_000),
    backendKind: optional(environment, NAMES.backendKind),
    codexPath: optional(environment, NAMES.codexPath),
    cacheDir: optional(environment, NAMES.cacheDir),
    placement: optional(environment, NAMES.placement) ?? 'by-hand',
    sourceCommit: optional(environment, NAMES.sourceCommit) ?? 'unknown',
    traceparent: optional(environment, NAMES.traceparent),
    tracesUrl: optional(environment, NAMES.tracesUrl),
    ownEnvironment: ownEnvironment(environment),
    agentEnvironment: agentEnvironment(environment),
  };
}

function timesAndHandover(environment: Environment) {
  return {
    pollWaitMs: integer(environment, NAMES.pollWaitMs, 0, 20_000, 60_000),
    giveUpMs: integer(environment, NAMES.giveUpMs, 1, HOUR_MS),
    tokenFile: optional(environment, NAMES.tokenFile),
    secretsDir: optional(environment, NAMES.secretsDir),
    handoverDir: optional(environment, NAMES.handoverDir),
    logLevel: optional(environment, NAMES.logLevel) ?? 'info',
  };
}

function volumeOf(environment: Environment): RunnerConfig['volume'] {
  const pvcName = optional(environment, NAMES.volumeName);
  const namespace = optional(environment, NAMES.namespace);
  return pvcName === undefined || namespace === undefined ? undefined : { pvcName, namespace };
}

function ownEnvironment(environment: Environment): Record<string, string> {
  const result: Record<string, string> = {};
  const traceparent = optional(environment, NAMES.traceparent);
  // By the name that programs look for, so that an agent's own spans belong to the run's trace.
  if (traceparent !== undefined) result['TRACEPARENT'] = traceparent;
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && PASSED_ON.test(name)) result[name] = value;
  }
  return result;
}

function agentEnvironment(environment: Environment): Record<string, string> {
  const result = ownEnvironment(environment);
  for (const [name, value] of Object.entries(environment)) {
    const own = name.startsWith(AGENT_VARIABLE_PREFIX) ? name.slice(AGENT_VARIABLE_PREFIX.length) : '';
    if (value !== undefined && own !== '') result[own] = value;
  }
  return result;
}

function optional(environment: Environment, name: string): string | undefined {
  return environment[name] || undefined;
}

function required(environment: Environment, name: string): string {
  const value = optional(environment, name);
  if (value === undefined) throw new ConfigError(`${name} is not set`);
  return value;
}

function integer(environment: Environment, name: string, min: number, fallback?: number, max = 2 ** 31 - 1): number {
  const text = optional(environment, name);
  if (text === undefined && fallback !== undefined) return fallback;
  const value = Number(text);
  if (text === undefined || !Number.isInteger(value) || value < min || value > max) {
    throw new ConfigError(`${name} must be a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`);
  }
  return value;
}

function url(environment: Environment, name: string): string {
  const value = required(environment, name);
  if (!/^https?:\/\//.test(value) || !URL.canParse(value)) throw new ConfigError(`${name} must be an http(s) URL`);
  return value;
}

function absolutePath(environment: Environment, name: string): string {
  const value = required(environment, name);
  if (!value.startsWith('/')) throw new ConfigError(`${name} must be an absolute path, not ${JSON.stringify(value)}`);
  return value;
}
