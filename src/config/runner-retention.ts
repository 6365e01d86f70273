import { Type } from 'typebox';
import { JOB_NAME_PREFIX_MAX_LENGTH } from '../domain/ids.js';
import type { RetentionPolicy } from '../domain/runner-retention.js';
import { ConfigurationError } from './configuration-error.js';
import { readJsonSetting } from './json-setting.js';
import type { KubernetesSettings } from './kubernetes-settings.js';

const HOUR_MS = 3_600_000;
const MatchLabels = Type.Record(Type.String({ minLength: 1 }), Type.String({ minLength: 1 }));

/** How many runners are kept; undefined where that is not capped. @throws ConfigurationError that names the variable. */
export function readRunnerRetention(settings: KubernetesSettings): RetentionPolicy | undefined {
  const maxRunners = settings.AGENTRUN_RUNNER_RETENTION_MAX_RUNNERS;
  if (maxRunners === undefined) return undefined;
  const prefixes = required(settings, 'AGENTRUN_RUNNER_RETENTION_JOB_NAME_PREFIXES')
    .split(',')
    .map((prefix) => prefix.trim())
    .filter((prefix) => prefix !== '');
  return {
    maxRunners,
    activeHeartbeatMaxAgeMs: required(settings, 'AGENTRUN_RUNNER_RETENTION_ACTIVE_HEARTBEAT_MAX_AGE_MS'),
    matchLabels: readJsonSetting(
      'AGENTRUN_RUNNER_RETENTION_MATCH_LABELS_JSON',
      required(settings, 'AGENTRUN_RUNNER_RETENTION_MATCH_LABELS_JSON'),
      MatchLabels,
    ),
    jobNamePrefixes: prefixes.length > 0 ? prefixes : [jobNamePrefix(settings)],
    cleanupOrder: settings.AGENTRUN_RUNNER_RETENTION_CLEANUP_ORDER,
    maxAgeMs: maxAge(settings),
  };
}

/** What every runner Job's name begins with. */
export function jobNamePrefix(settings: KubernetesSettings): string {
  const { AGENTRUN_RUNNER_JOB_NAME_PREFIX: given, AGENTRUN_RUNNER_SERVICE_ACCOUNT: account } = settings;
  return given ?? account.slice(0, JOB_NAME_PREFIX_MAX_LENGTH).replace(/-+$/, '');
}

function maxAge(settings: KubernetesSettings): number | null {
  if (settings.AGENTRUN_RUNNER_RETENTION_AGE_BASED_CLEANUP_ENABLED === 'false') return null;
  return required(settings, 'AGENTRUN_RUNNER_RETENTION_AGE_BASED_MAX_AGE_HOURS') * HOUR_MS;
}

function required<N extends keyof KubernetesSettings>(
  settings: KubernetesSettings,
  name: N,
): NonNullable<KubernetesSettings[N]> {
  const value = settings[name];
  if (value !== undefined && value !== null) return value;
  throw new ConfigurationError(`${name} is not set: runner retention needs it`);
}
