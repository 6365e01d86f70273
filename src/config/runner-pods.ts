import { Type, type Static } from 'typebox';
import { RunnerResources } from '../contract/runner.js';
import { readJsonSetting } from './json-setting.js';
import type { KubernetesSettings } from './kubernetes-settings.js';

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
  readonly resources: Static<typeof RunnerResources>;
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
  const names = (settings.AGENTRUN_RUNNER_IMAGE_PULL_SECRETS ?? '').split(',').map((name) => name.trim());
  return {
    resources: readJsonSetting('AGENTRUN_RUNNER_RESOURCES_JSON', read.resources, RunnerResources),
    nodeSelector: readJsonSetting('AGENTRUN_RUNNER_NODE_SELECTOR_JSON', read.nodeSelector, NodeSelector),
    tolerations: readJsonSetting('AGENTRUN_RUNNER_TOLERATIONS_JSON', read.tolerations, Tolerations),
    imagePullSecrets: names.filter((name) => name !== ''),
  };
}
