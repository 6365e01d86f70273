import { Type } from 'typebox';
import type { WarmPolicy } from '../domain/warm-pools.js';
import { ConfigurationError } from './configuration-error.js';
import { readJsonSetting } from './json-setting.js';
import type { KubernetesSettings } from './kubernetes-settings.js';

const VARIABLE = 'AGENTRUN_WARM_RUNNERS_JSON';
/** Of all pools together: each is a Pod that does nothing. */
const MOST = 100;

const Pools = Type.Array(
  Type.Object(
    {
      backend: Type.String({ minLength: 1, maxLength: 128 }),
      size: Type.Integer({ minimum: 0, maximum: MOST }),
    },
    { additionalProperties: false },
  ),
  { maxItems: MOST },
);

type WarmSettings = Pick<KubernetesSettings, typeof VARIABLE | 'AGENTRUN_WARM_RUNNER_MAX_AGE_SECONDS'> & {
  readonly AGENTRUN_PLATFORM: 'local' | 'kubernetes';
};

/** What is kept warm; nothing by default. @throws ConfigurationError that names the variable. */
export function readWarmRunners(settings: WarmSettings): WarmPolicy {
  const json = settings[VARIABLE];
  const maxAgeMs = settings.AGENTRUN_WARM_RUNNER_MAX_AGE_SECONDS * 1_000;
  if (json === undefined) return { pools: [], maxAgeMs };
  const pools = readJsonSetting(VARIABLE, json, Pools).map(({ backend: backendProfile, size }) => ({
    backendProfile,
    size,
  }));
  const names = new Set(pools.map(({ backendProfile }) => backendProfile));
  if (names.size < pools.length) throw new ConfigurationError(`${VARIABLE} names a backend twice`);
  const sum = pools.reduce((all, { size }) => all + size, 0);
  if (sum > MOST) throw new ConfigurationError(`${VARIABLE} keeps ${sum} runners, more than ${MOST}`);
  if (sum > 0 && settings.AGENTRUN_PLATFORM !== 'kubernetes') {
    throw new ConfigurationError(
      `${VARIABLE} needs AGENTRUN_PLATFORM=kubernetes: a process of this machine starts in a fraction of a second`,
    );
  }
  return { pools, maxAgeMs };
}
