/** What the platforms that start the runner program and the program itself must agree on. */

/** The runner, and what hands a Pod's secrets to it, below the folder where AgentRun is installed. */
export const RUNNER_PROGRAM = 'dist/programs/runner.js';
export const HAND_OVER_PROGRAM = 'dist/programs/hand-over.js';

/** The runner's settings, all by environment. The token is none of them: it comes by stdin or a mounted file. */
export const RUNNER_VARIABLES = {
  managerUrl: 'AGENTRUN_MANAGER_URL',
  runId: 'AGENTRUN_RUN_ID',
  attempt: 'AGENTRUN_ATTEMPT',
  attemptId: 'AGENTRUN_ATTEMPT_ID',
  runnerId: 'AGENTRUN_RUNNER_ID',
  /** Also the mark by which a Job's processes are found: the runner, its agent, and what that starts inherit it. */
  jobName: 'AGENTRUN_JOB_NAME',
  volumeDir: 'AGENTRUN_VOLUME_DIR',
  /** What the platform calls that volume, and where it has it: told with what the runner measures of it. */
  volumeName: 'AGENTRUN_VOLUME_NAME',
  namespace: 'AGENTRUN_VOLUME_NAMESPACE',
  leaseMs: 'AGENTRUN_LEASE_MS',
  idleTimeoutMs: 'AGENTRUN_RUNNER_IDLE_TIMEOUT_MS',
  pollWaitMs: 'AGENTRUN_RUNNER_POLL_WAIT_MS',
  interruptGraceMs: 'AGENTRUN_RUNNER_INTERRUPT_GRACE_MS',
  giveUpMs: 'AGENTRUN_RUNNER_GIVE_UP_MS',
  /** A file that holds the token and nothing else. */
  tokenFile: 'AGENTRUN_RUNNER_TOKEN_FILE',
  /** A folder with a file `<kind>/<name>/<field>` for each secret field, where they do not come by stdin. */
  secretsDir: 'AGENTRUN_RUNNER_SECRETS_DIR',
  /** A folder of `HANDOVER_FILES`, which the runner empties once it has read it: its agent must not find them. */
  handoverDir: 'AGENTRUN_RUNNER_HANDOVER_DIR',
  /** Set in place of a run: the runner waits until it is told one. */
  warmRunnerId: 'AGENTRUN_WARM_RUNNER_ID',
  /** How the agent is driven, where the claim's answer does not say it. */
  backendKind: 'AGENTRUN_BACKEND_KIND',
  /** The codex program that this runner starts; otherwise it is looked for. */
  codexPath: 'AGENTRUN_CODEX_PATH',
  /** Where it is looked for, beside the PATH. */
  cacheDir: 'AGENTRUN_CACHE_DIR',
  placement: 'AGENTRUN_PLACEMENT',
  sourceCommit: 'AGENTRUN_SOURCE_COMMIT',
  logLevel: 'AGENTRUN_LOG_LEVEL',
  /** The span that the attempt belongs under, by W3C Trace Context. */
  traceparent: 'AGENTRUN_TRACEPARENT',
  /** Where the runner sends spans of its own; a full address. */
  tracesUrl: 'AGENTRUN_RUNNER_TRACES_URL',
} as const;

/** What is where in a folder of `handoverDir`; below `secrets` as in one of `secretsDir`. */
export const HANDOVER_FILES = { token: 'token', tokenFile: 'runner-token', secrets: 'secrets' } as const;

/**
 * A variable for the agent alone is given to the runner under this prefix, so that it cannot change the runner itself.
 */
export const AGENT_VARIABLE_PREFIX = 'AGENTRUN_AGENT_ENV_';

/**
 * How the program's process ends. The manager decides by its own state; these are for people, and for a launch that is
 * repeated.
 */
export const RUNNER_EXIT_CODES = {
  'run-ended': 0,
  /** A fault of the runner itself. */
  broken: 1,
  misconfigured: 2,
  /** Somebody else holds the attempt, or will. */
  'attempt-over': 3,
  /** No workspace or no agent; the run was ended with that. */
  'start-failed': 4,
  /** It never got its token, so it never began. */
  'no-token': 5,
  /** No manager answered for so long that none is expected any more. */
  abandoned: 6,
  /** It waited for a run, and there is none for it (any more). */
  'not-needed': 7,
  terminated: 143,
} as const;

/** What of a launch its runner is told of its run, when it starts or, where it waited for one, later. */
interface RunFacts {
  readonly runId: string;
  readonly attempt: number;
  readonly attemptId: string;
  readonly runnerId: string;
  readonly traceparent?: string | null;
  /** For the agent, by its own names. */
  readonly env: Readonly<Record<string, string>>;
}

/** What it is told of where it is, whatever run it has. */
interface PlaceFacts {
  readonly managerUrl: string;
  readonly jobName: string;
  readonly volumeName: string;
  readonly backendKind: string;
}

interface Place {
  readonly volumeDir: string;
  readonly namespace: string;
  readonly placement: string;
}

/** The variables by which a platform tells a runner what it is for; they stand over whatever else is set there. Pure. */
export function launchVariables(launch: RunFacts & PlaceFacts, place: Place): Record<string, string> {
  return { ...runVariables(launch), ...placeVariables(launch, place) };
}

/** In place of them for a runner that waits for its run. Pure. */
export function warmVariables(
  launch: PlaceFacts & { readonly warmRunnerId: string },
  place: Place,
): Record<string, string> {
  return { [RUNNER_VARIABLES.warmRunnerId]: launch.warmRunnerId, ...placeVariables(launch, place) };
}

/** What such a runner's variables are then, beside those that it has. Pure. */
export function runVariables({
  env,
  runId,
  attempt,
  attemptId,
  runnerId,
  traceparent,
}: RunFacts): Record<string, string> {
  const forAgent = Object.entries(env).map(([name, value]) => [`${AGENT_VARIABLE_PREFIX}${name}`, value]);
  return {
    ...(Object.fromEntries(forAgent) as Record<string, string>),
    [RUNNER_VARIABLES.runId]: runId,
    [RUNNER_VARIABLES.attempt]: String(attempt),
    [RUNNER_VARIABLES.attemptId]: attemptId,
    [RUNNER_VARIABLES.runnerId]: runnerId,
    ...(traceparent ? { [RUNNER_VARIABLES.traceparent]: traceparent } : {}),
  };
}

function placeVariables(
  { managerUrl, jobName, volumeName, backendKind }: PlaceFacts,
  { volumeDir, namespace, placement }: Place,
): Record<string, string> {
  return {
    [RUNNER_VARIABLES.managerUrl]: managerUrl,
    [RUNNER_VARIABLES.jobName]: jobName,
    [RUNNER_VARIABLES.volumeDir]: volumeDir,
    [RUNNER_VARIABLES.volumeName]: volumeName,
    [RUNNER_VARIABLES.namespace]: namespace,
    [RUNNER_VARIABLES.backendKind]: backendKind,
    [RUNNER_VARIABLES.placement]: placement,
  };
}
