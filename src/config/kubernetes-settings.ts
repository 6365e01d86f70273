import { Type, type Static } from 'typebox';
import { JOB_NAME_PREFIX_MAX_LENGTH } from '../domain/ids.js';
import { count, DNS_LABEL, HOUR_MS, optionalText, text, URL_PATTERN } from './setting.js';

const SUBDOMAIN = '^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$';
const QUANTITY = '^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$';
const DAY_SECONDS = 86_400;

/** Settings of runner Jobs in a cluster. Those that end in `_JSON` are checked further where they are read. */
export const KUBERNETES_SETTINGS = {
  KUBECONFIG: optionalText('A kubeconfig; without one, the cluster that this process runs in'),
  AGENTRUN_RUNTIME_NAMESPACE: text('Namespace of runner Jobs', { default: 'agentrun-v01', pattern: DNS_LABEL }),
  AGENTRUN_RUNNER_SERVICE_ACCOUNT: text('Service account of runner Pods', {
    default: 'agentrun-v01-runner',
    pattern: DNS_LABEL,
  }),
  AGENTRUN_RUNNER_JOB_NAME_PREFIX: optionalText(
    `What names of runner Jobs begin with, at most ${JOB_NAME_PREFIX_MAX_LENGTH} characters; so much of the service account's name when absent`,
    { pattern: DNS_LABEL, maxLength: JOB_NAME_PREFIX_MAX_LENGTH },
  ),
  AGENTRUN_LANE: text('Lane that runner Jobs are labelled with; managers of other lanes leave them alone', {
    default: 'v0.1',
    pattern: '^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$',
  }),
  AGENTRUN_INTERNAL_MGR_URL: optionalText('Where runners reach the manager', { pattern: URL_PATTERN }),
  AGENTRUN_RUNNER_IMAGE: optionalText('Image of runner Pods; needed with AGENTRUN_PLATFORM=kubernetes'),
  AGENTRUN_RUNNER_IMAGES_ALLOWED: optionalText(
    'Further images that operators of some tenants may choose for their runners, comma-separated; `*` after a `/`, `:` or `@` is any rest',
  ),
  AGENTRUN_RUNNER_PROGRAM_DIR: text('Where AgentRun is in that image', { default: '/opt/agentrun', pattern: '^/' }),
  AGENTRUN_RUNNER_IMAGE_PULL_POLICY: Type.Enum(['Always', 'IfNotPresent', 'Never'] as const, {
    description: 'When a Node fetches that image',
    default: 'IfNotPresent',
  }),
  AGENTRUN_RUNNER_IMAGE_PULL_SECRETS: optionalText('Names of Secrets to fetch that image with, comma-separated'),
  AGENTRUN_RUNNER_RESOURCES_JSON: text(
    'Resources of a runner, where its run asks for no other; those of devices (nvidia.com/gpu) among them',
    {
      default: '{"requests":{"cpu":"250m","memory":"512Mi"},"limits":{"memory":"4Gi"}}',
    },
  ),
  AGENTRUN_RUNNER_RUNTIME_CLASS: optionalText('RuntimeClass of runner Pods (gVisor, Kata)', { pattern: SUBDOMAIN }),
  AGENTRUN_RUNNER_PRIORITY_CLASS: optionalText('PriorityClass of runner Pods', { pattern: SUBDOMAIN }),
  AGENTRUN_RUNNER_NODE_SELECTOR_JSON: text('Labels of the Nodes that runners go to', { default: '{}' }),
  AGENTRUN_RUNNER_TOLERATIONS_JSON: text("Taints that runner Pods tolerate, as in a Pod's `tolerations`", {
    default: '[]',
  }),
  AGENTRUN_RUNNER_USER_ID: count('User and group of runners in their Pods', {
    minimum: 1,
    maximum: 2 ** 31 - 1,
    default: 1000,
  }),
  AGENTRUN_RUNNER_DEADLINE_SECONDS: count('The longest that one runner Pod may live', {
    minimum: 1,
    maximum: 365 * DAY_SECONDS,
    default: 7 * DAY_SECONDS,
  }),
  AGENTRUN_RUNNER_TTL_SECONDS: count('An ended Job that nobody deleted stays so long', {
    minimum: 0,
    maximum: 30 * DAY_SECONDS,
    default: 3_600,
  }),
  AGENTRUN_RUNNER_GRACE_SECONDS: count('From telling a runner Pod to end until it is killed', {
    minimum: 0,
    maximum: 3_600,
    default: 25,
  }),
  AGENTRUN_NODE_LOSS_SECONDS: count('A runner on a Node that the cluster lost sight of is given up after this', {
    minimum: 0,
    maximum: 3_600,
    default: 30,
  }),
  AGENTRUN_UNSCHEDULABLE_GRACE_MS: count('A runner Pod that fits nowhere is given up after this', {
    minimum: 0,
    maximum: HOUR_MS,
    default: 30_000,
  }),
  AGENTRUN_IMAGE_PULL_GRACE_MS: count(
    'A runner Pod whose image cannot be fetched, though no registry refused it, is given up so long after it got its Node',
    { minimum: 0, maximum: HOUR_MS, default: 90_000 },
  ),
  AGENTRUN_STORAGE_CLASS: optionalText("StorageClass of sessions' volumes; the cluster's default when absent", {
    pattern: SUBDOMAIN,
  }),
  AGENTRUN_STORAGE_SIZE: text("Size of sessions' volumes", { default: '10Gi', pattern: QUANTITY }),
  AGENTRUN_STORAGE_ACCESS_MODE: Type.Enum(['ReadWriteOnce', 'ReadWriteOncePod', 'ReadWriteMany'] as const, {
    description: "Access mode of sessions' volumes",
    default: 'ReadWriteOnce',
  }),
  AGENTRUN_BOOT_REPO_URL: optionalText('Repository that runner images boot from; told in an annotation'),
  AGENTRUN_ENV_IDENTITY: optionalText('Which environment this installation is; told in an annotation'),
  AGENTRUN_ARTIFACT_CATALOG_FILE: optionalText('A JSON file that catalogues the images of this installation', {
    pattern: '^/',
  }),
  AGENTRUN_WARM_RUNNERS_JSON: optionalText(
    'Runners that are kept ready before runs outside sessions want them: [{"backend":"codex","size":2}]; none when absent',
  ),
  AGENTRUN_WARM_RUNNER_MAX_AGE_SECONDS: count('A runner that was kept ready for so long is replaced', {
    minimum: 60,
    maximum: 7 * DAY_SECONDS,
    default: 3_600,
  }),
  AGENTRUN_RUNNER_RETENTION_MAX_RUNNERS: Type.Optional(
    Type.Integer({ description: 'Runners that the namespace keeps at most; no retention when absent', minimum: 1 }),
  ),
  AGENTRUN_RUNNER_RETENTION_ACTIVE_HEARTBEAT_MAX_AGE_MS: Type.Optional(
    Type.Integer({
      description: 'Retention never touches a runner that was heard of this recently',
      minimum: 1_000,
      maximum: 365 * 24 * HOUR_MS,
    }),
  ),
  AGENTRUN_RUNNER_RETENTION_MATCH_LABELS_JSON: optionalText('Labels of the Jobs that retention counts'),
  AGENTRUN_RUNNER_RETENTION_JOB_NAME_PREFIXES: Type.Optional(
    Type.String({
      description:
        'How names of the Jobs that retention counts begin, comma-separated; empty takes the job name prefix',
    }),
  ),
  AGENTRUN_RUNNER_RETENTION_CLEANUP_ORDER: Type.Enum(['oldest-inactive-last-active-first'] as const, {
    description: 'Which runners retention deletes first',
    default: 'oldest-inactive-last-active-first',
  }),
  AGENTRUN_RUNNER_RETENTION_AGE_BASED_CLEANUP_ENABLED: Type.Enum(['true', 'false'] as const, {
    description: 'Whether retention also deletes inactive runners of a certain age',
    default: 'false',
  }),
  AGENTRUN_RUNNER_RETENTION_AGE_BASED_MAX_AGE_HOURS: Type.Optional(
    Type.Number({ description: 'That age', exclusiveMinimum: 0, maximum: 87_600 }),
  ),
};

export type KubernetesSettings = Static<Type.TObject<typeof KUBERNETES_SETTINGS>>;
