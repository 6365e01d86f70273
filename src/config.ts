import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { Type, type Static } from 'typebox';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { SANDBOXES } from './domain/agent-rights.js';
import { processEnvironment } from './environment.js';
import { ConfigurationError } from './config/configuration-error.js';
import { readJsonSetting } from './config/json-setting.js';
import { KUBERNETES_SETTINGS } from './config/kubernetes-settings.js';
import { OIDC_SETTINGS, readOidc } from './config/oidc-settings.js';
import { PAYLOAD_SETTINGS, readPayloadKeys } from './config/payload-settings.js';
import { readRepositories } from './config/repositories.js';
import { readRunnerImages } from './config/runner-images.js';
import { readRunnerPods } from './config/runner-pods.js';
import { readRunnerRetention } from './config/runner-retention.js';
import { readWarmRunners } from './config/warm-runners.js';
import { readTraceUiUrl, TELEMETRY_SETTINGS } from './config/telemetry-settings.js';
import { speaksTls, TEMPORAL_SETTINGS } from './config/temporal-settings.js';
import { count, HOUR_MS, KNOWN_SCHEMA, listed, optionalText, text, URL_PATTERN } from './config/setting.js';

/** Every setting, with what it means and its default. Durations are in milliseconds where the name says so. */
export const Settings = Type.Object({
  AGENTRUN_URL: optionalText('Manager that the command line speaks to; that of the data folder when absent', {
    pattern: URL_PATTERN,
  }),
  AGENTRUN_HOST: text('Address the API listens on', { default: '127.0.0.1' }),
  AGENTRUN_PORT: count('Port the API listens on; 0 takes a free one', { minimum: 0, maximum: 65_535, default: 8080 }),
  AGENTRUN_SHUTDOWN_DELAY_MS: count(
    'From being told to end until the API takes no more requests: it says that it is not ready meanwhile, so that a load balancer sends them elsewhere',
    { minimum: 0, maximum: 300_000, default: 0 },
  ),
  AGENTRUN_HEALTH_PORT: Type.Optional(
    Type.Integer({
      description:
        'Port on which a worker without an API tells how it is (`/health`), and its figures (`/metrics`); none when absent',
      minimum: 0,
      maximum: 65_535,
    }),
  ),
  AGENTRUN_DATA_DIR: optionalText('Folder of the embedded stack: databases, volumes, keys; kept over restarts'),
  AGENTRUN_CACHE_DIR: optionalText('Folder where downloaded programs are kept'),
  AGENTRUN_DATABASE_URL: optionalText('A PostgreSQL of yours instead of the embedded one', {
    pattern: '^postgres(ql)?://',
  }),
  AGENTRUN_DATABASE_CONNECTIONS: count(
    'Connections to PostgreSQL that one process opens at most, beside the one that listens',
    {
      minimum: 2,
      maximum: 1_000,
      default: 30,
    },
  ),
  ...TEMPORAL_SETTINGS,
  TEMPORAL_CLI: optionalText('Path of the temporal program that the embedded stack starts'),
  AGENTRUN_CODEX_PATH: optionalText(
    'Path of the codex program that runners start, absolute; otherwise that of PATH, or what `agentrun backend install` got',
    { pattern: '^/' },
  ),
  AGENTRUN_OPERATOR_TOKEN: optionalText('Operator tokens, comma-separated; made at first start when absent'),
  AGENTRUN_OPERATORS_JSON: optionalText('Operators with tenants: [{"name":…,"token":…,"tenants":[…]}]'),
  AGENTRUN_TOKEN_KEY: optionalText(
    'Key that signs runner tokens, at least 32 characters; made at first start when absent',
    {
      pattern: '^.{32,}$',
    },
  ),
  AGENTRUN_SECRETS_KEY: optionalText(
    'Key that encrypts the credentials kept by the local platform, at least 32 characters; made at first start when absent',
    {
      pattern: '^.{32,}$',
    },
  ),
  AGENTRUN_MAX_BODY_BYTES: count('Largest request body', {
    minimum: 1024,
    maximum: 256 * 1024 * 1024,
    default: 8 * 1024 * 1024,
  }),
  AGENTRUN_MAX_CONNECTIONS: count('Connections that one API takes at once; one more is closed', {
    minimum: 1,
    maximum: 1_000_000,
    default: 10_000,
  }),
  AGENTRUN_RATE_LIMIT_PER_SECOND: count(
    'Requests a second of one operator that sees some tenants only, of each API; ten times as many at once. 0: no limit',
    { minimum: 0, maximum: 1_000_000, default: 100 },
  ),
  AGENTRUN_OPEN_REQUESTS_PER_OPERATOR: count(
    'Requests of one operator that sees some tenants only that are open at one moment, event streams and long polls among them, of each API. 0: no limit',
    { minimum: 0, maximum: 1_000_000, default: 500 },
  ),
  AGENTRUN_BAD_TOKENS_PER_SECOND: count(
    'Requests without a good token a second that one address is told 401 for, ten times as many at once; 429 from then on. 0: no limit',
    { minimum: 0, maximum: 1_000_000, default: 20 },
  ),
  AGENTRUN_LOG_LEVEL: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const, {
    description: 'Least severe log line that is written',
    default: 'info',
  }),
  AGENTRUN_DEFAULT_SANDBOX: Type.Enum(SANDBOXES, {
    description:
      "What agents may change in runs that do not say it; full-access where a container is their sandbox, in which codex's own cannot be made",
    default: 'workspace-write',
  }),
  AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: count('A runner without commands for so long ends its run', {
    minimum: 100,
    maximum: 30 * 24 * HOUR_MS,
    default: 600_000,
  }),
  AGENTRUN_RUNNER_LEASE_MS: count('Lease that our runner asks for; renewed each third', {
    minimum: 1_000,
    maximum: HOUR_MS,
    default: 180_000,
  }),
  AGENTRUN_START_DEADLINE_MS: count('From asking for a runner Job until its runner has claimed', {
    minimum: 1_000,
    maximum: 24 * HOUR_MS,
    default: 300_000,
  }),
  AGENTRUN_UNCLAIMED_RUN_TTL_MS: count('A run nobody asked a Job for waits so long for a claim', {
    minimum: 1_000,
    maximum: 365 * 24 * HOUR_MS,
    default: 7 * 24 * HOUR_MS,
  }),
  AGENTRUN_CANCEL_GRACE_MS: count('From a cancel until the runner is ended by force', {
    minimum: 0,
    maximum: HOUR_MS,
    default: 15_000,
  }),
  AGENTRUN_LIMIT_GRACE_MS: count('A turn past its limit that its runner did not end is ended by force after this', {
    minimum: 0,
    maximum: HOUR_MS,
    default: 15_000,
  }),
  AGENTRUN_JOB_STOP_GRACE_MS: count('How long a runner may take to end after its run did', {
    minimum: 0,
    maximum: HOUR_MS,
    default: 10_000,
  }),
  AGENTRUN_CONTINUE_AS_NEW_EVENTS: count(
    "A run's workflow goes on in a new execution once its history has so many events, sooner where Temporal advises it",
    // Each execution needs about 20 events to take over before it gets anywhere.
    { minimum: 60, maximum: 20_000, default: 4_000 },
  ),
  AGENTRUN_WORKFLOW_CACHE: Type.Optional(
    Type.Integer({
      description:
        "Workflows that a worker keeps in memory, two thirds of a MiB each; what is not kept is read from its history when something comes for it. By its heap's limit when absent: 600 for each GiB beyond 200 MiB",
      minimum: 2,
      maximum: 100_000,
    }),
  ),
  AGENTRUN_EVENT_RETENTION_DAYS: count('Events are kept at least so long', { minimum: 1, maximum: 3650, default: 90 }),
  AGENTRUN_WORKSPACE_RETENTION_HOURS: count('Workspaces of ended runs outside sessions are kept so long', {
    minimum: 1,
    maximum: 87_600,
    default: 168,
  }),
  AGENTRUN_LOCAL_VOLUME_QUOTA_BYTES: Type.Optional(
    Type.Integer({
      description:
        'What a volume of this machine may hold: one that holds more is told of; nothing limits it when absent',
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
    }),
  ),
  AGENTRUN_IDEMPOTENCY_RETENTION_HOURS: count('Idempotency keys are kept so long', {
    minimum: 24,
    maximum: 8760,
    default: 168,
  }),
  AGENTRUN_REPOSITORIES_ALLOWED: optionalText(
    'Git repositories that runs may name, comma-separated; `*` after a `/` or `:` is any rest (https://git.example.com/acme/*). Any when absent',
  ),
  AGENTRUN_WEBHOOK_ALLOWED_HOSTS: optionalText(
    'Receivers of webhooks that are not at public addresses: host names, addresses and ranges (10.0.0.0/8), comma-separated',
  ),
  AGENTRUN_WEBHOOK_LOG_RETENTION_DAYS: count('What became of deliveries to webhooks is kept so long', {
    minimum: 1,
    maximum: 3650,
    default: 30,
  }),
  AGENTRUN_PLATFORM: Type.Enum(['local', 'kubernetes'] as const, {
    description: 'Where runners run: as processes of this machine, or as Jobs of a cluster',
    default: 'local',
  }),
  ...KUBERNETES_SETTINGS,
  ...TELEMETRY_SETTINGS,
  ...OIDC_SETTINGS,
  ...PAYLOAD_SETTINGS,
  AGENTRUN_AIPOD_SPEC_DIR: optionalText(
    'Folder of AipodSpecs (*.yaml, *.yml, *.json) that an API loads when it starts',
  ),
  AGENTRUN_SOURCE_COMMIT: text('Commit this program was built from', { default: 'unknown' }),
});
export type Settings = Static<typeof Settings>;

export { ConfigurationError };

/** Where an empty value says something; everywhere else it is as good as none. */
const MAY_BE_EMPTY = ['AGENTRUN_RUNNER_RETENTION_JOB_NAME_PREFIXES'];

/** Settings as given, checked and with defaults. @throws ConfigurationError with one line per fault. */
export function readSettings(environment: Readonly<Record<string, string | undefined>> = processEnvironment): Settings {
  const says = (name: string, value: string | undefined) => value !== '' || MAY_BE_EMPTY.includes(name);
  const given = Object.entries(environment).filter(([name, value]) => name in Settings.properties && says(name, value));
  const settings: Record<string, unknown> = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  const validate = new Ajv2020({
    ...KNOWN_SCHEMA,
    coerceTypes: true,
    useDefaults: true,
    allErrors: true,
  }).compile<Settings>(Settings);
  if (!validate(settings)) throw new ConfigurationError((validate.errors ?? []).map(faultLine).join('\n'));
  readRunnerPods(settings);
  readRunnerImages(settings);
  readRepositories(settings);
  readRunnerRetention(settings);
  readOidc(settings);
  readPayloadKeys(settings);
  readWarmRunners(settings);
  speaksTls(settings);
  readTraceUiUrl(settings);
  return settings;
}

/** Folders of the embedded stack. */
export function folders(settings: Settings, environment = processEnvironment): { dataDir: string; cacheDir: string } {
  const home = homedir();
  const dataHome = environment['XDG_DATA_HOME'] ?? join(home, '.local', 'share');
  const cacheHome = environment['XDG_CACHE_HOME'] ?? join(home, '.cache');
  return {
    dataDir: resolve(settings.AGENTRUN_DATA_DIR ?? join(dataHome, 'agentrun')),
    cacheDir: resolve(settings.AGENTRUN_CACHE_DIR ?? join(cacheHome, 'agentrun')),
  };
}

/** Files of a data folder by which the command line finds the manager that `agentrun up` started. */
export function localManagerFiles(dataDir: string): { address: string; operatorToken: string } {
  return { address: join(dataDir, 'manager.json'), operatorToken: join(dataDir, 'keys', OPERATOR_TOKEN_FILE) };
}

export const OPERATOR_TOKEN_FILE = 'operator-token';

export interface OperatorSetting {
  readonly name: string;
  readonly token: string;
  readonly tenants: 'all' | readonly string[];
}

const Operators = Type.Array(
  Type.Object(
    {
      name: Type.String({ minLength: 1 }),
      token: Type.String({ minLength: 16 }),
      tenants: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })),
    },
    { additionalProperties: false },
  ),
);

/** Operators from both settings. Messages never repeat a token. @throws ConfigurationError */
export function readOperators(settings: Settings): OperatorSetting[] {
  const plain = listed(settings.AGENTRUN_OPERATOR_TOKEN).map((token, index) => ({
    name: `operator-${index + 1}`,
    token,
    tenants: 'all' as const,
  }));
  return [...plain, ...namedOperators(settings.AGENTRUN_OPERATORS_JSON)];
}

function namedOperators(json: string | undefined): OperatorSetting[] {
  if (json === undefined) return [];
  const operators = readJsonSetting('AGENTRUN_OPERATORS_JSON', json, Operators);
  return operators.map(({ name, token, tenants }) => ({ name, token, tenants: tenants ?? 'all' }));
}

function faultLine(fault: ErrorObject): string {
  const name = fault.instancePath.slice(1) || String(fault.params['missingProperty'] ?? '');
  const allowed = fault.keyword === 'enum' ? `: ${(fault.params['allowedValues'] as string[]).join(', ')}` : '';
  return `${name} ${fault.message ?? 'is invalid'}${allowed}`;
}
