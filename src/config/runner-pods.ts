import { Type, type Static } from 'typebox';
import { readJsonSetting } from './json-setting.js';
import type { KubernetesSettings } from './kubernetes-settings.js';
import { listed } from './setting.js';

/** By Kubernetes' names and quantities; those of devices (`nvidia.com/gpu`) too, which a launch itself cannot ask for. */
const Quantities = Type.Record(
  Type.String({ pattern: '^(cpu|memory|ephemeral-storage|[a-z0-9.-]+/[A-Za-z0-9._-]+)$' }),
  Type.String({ maxLength: 32 }),
  { additionalProperties: false },
);

const Resources = Type.Object(
  { requests: Type.Optional(Quantities), limits: Type.Optional(Quantities) },
  { additionalProperties: false },
);

const NodeSelector = Type.Record(Type.String({ minLength: 1 }), Type.String());

const Tolerations = Type.Array(
  Type.Object(
    {
      key: Type.Optional(Type.String()),
      operator: Type.Optional(Type.Enum(['Exists', 'Equal'] as const)),
      value: Type.Optional(Type.String()),
      effect: Type.Optional(Type.Enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const)),
      tolerationSeconds: Type.Optional(Type.Integer()),
    },
    { additionalProperties: false },
  ),
);

export interface RunnerPodSettings {
  readonly resources: Static<typeof Resources>;
  readonly nodeSelector: Static<typeof NodeSelector>;
  readonly tolerations: Static<typeof Tolerations>;
  readonly imagePullSecrets: readonly string[];
}

/** What runner Pods have in common, of the settings that are JSON or lists. @throws ConfigurationError that names the variable. */
export function readRunnerPods(settings: KubernetesSettings): RunnerPodSettings {
  const read = {
    resources: settings.AGENTRUN_RUNNER_RESOURCES_JSON,
    nodeSelector: settings.AGENTRUN_RUNNER_NODE_SELECTOR_JSON,
    tolerations: settings.AGENTRUN_RUNNER_TOLERATIONS_JSON,
  };
  return {
    resources: readJsonSetting('AGENTRUN_RUNNER_RESOURCES_JSON', read.resources, Resources),
    nodeSelector: readJsonSetting('AGENTRUN_RUNNER_NODE_SELECTOR_JSON', read.nodeSelector, NodeSelector),
    tolerations: readJsonSetting('AGENTRUN_RUNNER_TOLERATIONS_JSON', read.tolerations, Tolerations),
    imagePullSecrets: listed(settings.AGENTRUN_RUNNER_IMAGE_PULL_SECRETS),
  };
}
