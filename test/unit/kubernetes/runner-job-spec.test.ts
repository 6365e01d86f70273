import assert from 'node:assert/strict';
import { runnerJobSpec, warmJobSpec } from '../../../src/kubernetes/runner-job-spec.js';
import type { JobLaunch, RunnerJobSettings } from '../../../src/kubernetes/runner-settings.js';

const SETTINGS: RunnerJobSettings = {
  namespace: 'agentrun-v01',
  lane: 'v0.1',
  serviceAccount: 'agentrun-v01-runner',
  image: 'registry.example/agentrun:1',
  imagePullPolicy: 'IfNotPresent',
  imagePullSecrets: ['registry'],
  programDir: '/opt/agentrun',
  resources: { requests: { cpu: '250m' }, limits: { memory: '1Gi' } },
  runtimeClass: 'gvisor',
  priorityClass: 'runners',
  nodeSelector: { pool: 'agents' },
  tolerations: [{ key: 'agents', operator: 'Exists' }],
  userId: 1000,
  deadlineSeconds: 3600,
  ttlSeconds: 60,
  graceSeconds: 25,
  nodeLossSeconds: 30,
  environment: { AGENTRUN_LEASE_MS: '180000' },
  envIdentity: 'prod',
  bootRepoUrl: null,
};

const LAUNCH: JobLaunch = {
  jobName: 'agentrun-v01-runner-1a1',
  jobId: 'rjob_1a1',
  runId: 'run_1',
  attempt: 1,
  attemptId: 'attempt-1',
  runnerId: 'rnr_1a1',
  tenantId: 'acme/europe',
  sessionId: 'review:1',
  traceId: 'trc_1',
  volumeName: 'session-review-1-0123456789abcdef',
  managerUrl: 'http://agentrun-mgr:8080',
  backendKind: 'exec',
  secrets: [{ kind: 'provider-profile', name: 'work' }],
  env: { COLOUR: 'blue' },
  image: null,
  resources: null,
};

describe('the Job of an attempt', () => {
  const job = runnerJobSpec(LAUNCH, SETTINGS);
  const pod = job.spec!.template.spec!;
  const [runner] = pod.containers;
  const [handover] = pod.initContainers!;

  it('is the same for the same input', () => {
    assert.deepEqual(runnerJobSpec(LAUNCH, SETTINGS), job);
    const other = runnerJobSpec({ ...LAUNCH, attempt: 2 }, SETTINGS);
    const digest = (one: typeof job) => one.metadata!.annotations!['agentrun.dev/spec-sha256'];
    assert.notEqual(digest(other), digest(job));
  });

  it('is tried once, waits for its token, and goes by itself should nobody delete it', () => {
    const { backoffLimit, suspend, activeDeadlineSeconds, ttlSecondsAfterFinished, completions } = job.spec!;
    assert.deepEqual(
      { backoffLimit, suspend, activeDeadlineSeconds, ttlSecondsAfterFinished, completions },
      { backoffLimit: 0, suspend: true, activeDeadlineSeconds: 3600, ttlSecondsAfterFinished: 60, completions: 1 },
    );
    assert.equal(pod.restartPolicy, 'Never');
    assert.equal(pod.terminationGracePeriodSeconds, 25);
  });

  it('says whose it is, in labels, and whole where a label has no room, in annotations', () => {
    assert.deepEqual(job.metadata!.labels, {
      'app.kubernetes.io/name': 'agentrun-runner',
      'app.kubernetes.io/managed-by': 'agentrun',
      'app.kubernetes.io/component': 'runner',
      'agentrun.dev/lane': 'v0.1',
      'agentrun.dev/run': 'run_1',
      'agentrun.dev/attempt': '1',
      'agentrun.dev/runner-job': 'rjob_1a1',
      'agentrun.dev/tenant': 'acme-europe-8653e99ab05e4aef',
      'agentrun.dev/volume': 'session-review-1-0123456789abcdef',
      'agentrun.dev/session': 'review-1-ebe6b5bbfc2f6c8d',
    });
    const { 'agentrun.dev/spec-sha256': digest, ...annotations } = job.metadata!.annotations!;
    assert.match(digest!, /^[0-9a-f]{64}$/);
    assert.deepEqual(annotations, {
      'agentrun.dev/trace-id': 'trc_1',
      'agentrun.dev/tenant-id': 'acme/europe',
      'agentrun.dev/session-id': 'review:1',
      'agentrun.dev/attempt-id': 'attempt-1',
      'agentrun.dev/runner-id': 'rnr_1a1',
      'agentrun.dev/env-identity': 'prod',
    });
    assert.deepEqual(job.spec!.template.metadata!.labels, job.metadata!.labels);
  });

  it('asks those who clear Nodes to wait until its Pod has ended', () => {
    const { annotations } = job.spec!.template.metadata!;
    assert.equal(annotations!['cluster-autoscaler.kubernetes.io/safe-to-evict'], 'false');
    assert.equal(annotations!['karpenter.sh/do-not-disrupt'], 'true');
  });

  it('may do nothing that it need not', () => {
    assert.equal(pod.automountServiceAccountToken, false);
    assert.equal(pod.shareProcessNamespace, true);
    assert.deepEqual(pod.securityContext, {
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      fsGroup: 1000,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    });
    for (const container of [runner!, handover!]) {
      assert.deepEqual(container.securityContext, {
        allowPrivilegeEscalation: false,
        privileged: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
  });

  it('goes where it is to go, and leaves a Node that was lost', () => {
    assert.equal(pod.runtimeClassName, 'gvisor');
    assert.equal(pod.priorityClassName, 'runners');
    assert.deepEqual(pod.nodeSelector, { pool: 'agents' });
    assert.deepEqual(pod.imagePullSecrets, [{ name: 'registry' }]);
    const [own, ...lost] = pod.tolerations!;
    assert.deepEqual(own, { key: 'agents', operator: 'Exists' });
    assert.deepEqual(
      lost.map(({ key, tolerationSeconds }) => [key, tolerationSeconds]),
      [
        ['node.kubernetes.io/not-ready', 30],
        ['node.kubernetes.io/unreachable', 30],
      ],
    );
  });

  it('names secrets by reference, and mounts them where no agent runs', () => {
    const secrets = pod.volumes!.flatMap(({ secret }) => (secret ? [secret.secretName] : []));
    assert.equal(secrets[0], 'agentrun-v01-runner-1a1-token');
    assert.match(secrets[1]!, /^agentrun-provider-profile-work-[0-9a-f]{16}$/);
    const mountsOf = (container: typeof runner) => container!.volumeMounts!.map(({ mountPath }) => mountPath);
    assert.deepEqual(mountsOf(handover), [
      '/run/agentrun/handover',
      '/run/agentrun/staged/token',
      '/run/agentrun/staged/secrets/provider-profile/work',
    ]);
    assert.deepEqual(mountsOf(runner), ['/var/lib/agentrun/volume', '/run/agentrun/handover', '/home/agent', '/tmp']);
  });

  it('hands a variable to the agent alone, and cannot be made to change the runner', () => {
    const environment = Object.fromEntries(runner!.env!.map(({ name, value }) => [name, value]));
    assert.equal(environment['AGENTRUN_AGENT_ENV_COLOUR'], 'blue');
    assert.equal(environment['AGENTRUN_ATTEMPT'], '1');
    assert.equal(environment['AGENTRUN_VOLUME_NAMESPACE'], 'agentrun-v01');
    assert.equal(environment['AGENTRUN_PLACEMENT'], 'kubernetes');
  });

  it('takes image and resources of the launch', () => {
    const resources = { limits: { memory: '2Gi' } };
    const asked = runnerJobSpec({ ...LAUNCH, image: 'mine:2', resources }, SETTINGS).spec!.template.spec!;
    assert.deepEqual(asked.containers[0]!.resources, { requests: { cpu: '250m' }, limits: { memory: '2Gi' } });
    assert.deepEqual(asked.initContainers![0]!.resources, asked.containers[0]!.resources);
    assert.deepEqual([asked.containers[0]!.image, asked.initContainers![0]!.image], ['mine:2', 'mine:2']);
  });
});

describe('the Job of a runner that waits', () => {
  const { managerUrl, backendKind, secrets } = LAUNCH;
  const names = { jobName: 'agentrun-v01-runner-warm-1', volumeName: 'warm-1' };
  const job = warmJobSpec({ warmRunnerId: 'wrm_1', managerUrl, backendKind, secrets, ...names }, SETTINGS);
  const ofRun = runnerJobSpec({ ...LAUNCH, ...names }, SETTINGS);

  it('says nothing of any run, session or tenant', () => {
    const { labels, annotations } = job.spec!.template.metadata!;
    assert.deepEqual(
      Object.keys(labels!)
        .filter((name) => name.startsWith('agentrun.dev/'))
        .sort(),
      ['agentrun.dev/lane', 'agentrun.dev/volume', 'agentrun.dev/warm-runner'],
    );
    assert.deepEqual(annotations, { 'agentrun.dev/env-identity': 'prod' });
    assert.doesNotMatch(JSON.stringify(job), /acme|run_1|review/);
  });

  it('is else made as the Job of an attempt is', () => {
    const [own, other] = [job, ofRun].map(({ spec }) => {
      const { containers, ...pod } = spec!.template.spec!;
      const { env: _, ...runner } = containers[0]!;
      return { pod, runner };
    });
    assert.deepEqual(own, other);
  });
});
