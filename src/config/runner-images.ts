import { isImageEntry } from '../domain/runner-images.js';
import { ConfigurationError } from './configuration-error.js';
import type { KubernetesSettings } from './kubernetes-settings.js';
import { listed } from './setting.js';

const VARIABLE = 'AGENTRUN_RUNNER_IMAGES_ALLOWED';

/** Images that every operator may name: the installation's own, and those that it allows. @throws ConfigurationError that names the entry. */
export function readRunnerImages(
  settings: Pick<KubernetesSettings, typeof VARIABLE | 'AGENTRUN_RUNNER_IMAGE'>,
): readonly string[] {
  const given = listed(settings[VARIABLE]);
  for (const entry of given) if (!isImageEntry(entry)) throw new ConfigurationError(`${VARIABLE}: ${entry} ${WRONG}`);
  const own = settings.AGENTRUN_RUNNER_IMAGE;
  return own === undefined ? given : [own, ...given];
}

const WRONG =
  'is neither an image nor a registry and what its images begin with: registry.example.com/team/*, …/agent:*';
