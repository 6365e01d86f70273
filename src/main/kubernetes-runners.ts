import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError, type Settings } from '../config.js';
import { readRunnerPods } from '../config/runner-pods.js';
import { jobNamePrefix } from '../config/runner-retention.js';
import { runnerTelemetry } from '../config/telemetry-settings.js';
import { RUNNER_VARIABLES } from '../domain/runner-program.js';
import { connectCluster, type Cluster } from '../kubernetes/cluster.js';
import { KubernetesPlatform } from '../kubernetes/kubernetes-platform.js';
import type { RunnerJobSettings } from '../kubernetes/runner-settings.js';

type Environment = Readonly<Record<string, string | undefined>>;
type Warn = (message: string, error: unknown) => void;

/** Runners as Jobs of a cluster. @throws ConfigurationError that names the variable. */
export async function createKubernetesPlatform(
  settings: Settings,
  environment: Environment,
  warn: Warn,
): Promise<KubernetesPlatform> {
  await checkCatalog(settings);
  const runner = runnerSettings(settings);
  return new KubernetesPlatform({
    cluster: await cluster(settings, environment),
    jobNamePrefix: jobNamePrefix(settings),
    runner,
    volumes: {
      storageClass: settings.AGENTRUN_STORAGE_CLASS ?? null,
      size: settings.AGENTRUN_STORAGE_SIZE,
      accessMode: settings.AGENTRUN_STORAGE_ACCESS_MODE,
    },
    patience: {
      unschedulableMs: settings.AGENTRUN_UNSCHEDULABLE_GRACE_MS,
      imagePullMs: settings.AGENTRUN_IMAGE_PULL_GRACE_MS,
    },
    leaseMs: settings.AGENTRUN_RUNNER_LEASE_MS,
    warn,
  });
}

async function cluster({ KUBECONFIG: given }: Settings, environment: Environment): Promise<Cluster> {
  const inCluster = environment['KUBERNETES_SERVICE_HOST'] !== undefined;
  const kubeconfig = given ?? (inCluster ? undefined : join(homedir(), '.kube', 'config'));
  try {
    return await connectCluster({ kubeconfig });
  } catch (error) {
    throw new ConfigurationError(`KUBECONFIG names no cluster that can be used: ${(error as Error).message}`);
  }
}

function runnerSettings(settings: Settings): RunnerJobSettings {
  const image = settings.AGENTRUN_RUNNER_IMAGE;
  if (image === undefined) {
    throw new ConfigurationError('AGENTRUN_RUNNER_IMAGE is not set: runner Pods need an image');
  }
  return {
    ...readRunnerPods(settings),
    image,
    namespace: settings.AGENTRUN_RUNTIME_NAMESPACE,
    lane: settings.AGENTRUN_LANE,
    serviceAccount: settings.AGENTRUN_RUNNER_SERVICE_ACCOUNT,
    imagePullPolicy: settings.AGENTRUN_RUNNER_IMAGE_PULL_POLICY,
    programDir: settings.AGENTRUN_RUNNER_PROGRAM_DIR,
    runtimeClass: settings.AGENTRUN_RUNNER_RUNTIME_CLASS ?? null,
    priorityClass: settings.AGENTRUN_RUNNER_PRIORITY_CLASS ?? null,
    userId: settings.AGENTRUN_RUNNER_USER_ID,
    deadlineSeconds: settings.AGENTRUN_RUNNER_DEADLINE_SECONDS,
    ttlSeconds: settings.AGENTRUN_RUNNER_TTL_SECONDS,
    graceSeconds: settings.AGENTRUN_RUNNER_GRACE_SECONDS,
    nodeLossSeconds: settings.AGENTRUN_NODE_LOSS_SECONDS,
    envIdentity: settings.AGENTRUN_ENV_IDENTITY ?? null,
    bootRepoUrl: settings.AGENTRUN_BOOT_REPO_URL ?? null,
    environment: {
      [RUNNER_VARIABLES.leaseMs]: String(settings.AGENTRUN_RUNNER_LEASE_MS),
      [RUNNER_VARIABLES.idleTimeoutMs]: String(settings.AGENTRUN_RUNNER_IDLE_TIMEOUT_MS),
      [RUNNER_VARIABLES.sourceCommit]: settings.AGENTRUN_SOURCE_COMMIT,
      [RUNNER_VARIABLES.logLevel]: settings.AGENTRUN_LOG_LEVEL,
      ...runnerTelemetry(settings),
      // The image's own: this machine's path of it means nothing there.
      ...(settings.AGENTRUN_CODEX_PATH && { [RUNNER_VARIABLES.codexPath]: settings.AGENTRUN_CODEX_PATH }),
    },
  };
}

/** Read so that a wrong one stops the start, not the first who needs it. */
async function checkCatalog({ AGENTRUN_ARTIFACT_CATALOG_FILE: file }: Settings): Promise<void> {
  if (file === undefined) return;
  try {
    JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    const why =
      error instanceof SyntaxError ? 'is not JSON' : `cannot be read (${(error as NodeJS.ErrnoException).code})`;
    throw new ConfigurationError(`AGENTRUN_ARTIFACT_CATALOG_FILE is ${file}, which ${why}`);
  }
}
