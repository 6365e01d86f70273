import { createHash } from 'node:crypto';
import type { WarmLaunch, WarmRunners } from '../../ports/runner-platform.js';
import type { SecretStore } from '../../ports/secret-store.js';

/** Of all that a warm runner would be made from now: the platform's settings and image, the profile and when its secrets changed last. */
export async function warmSpec(
  secrets: Pick<SecretStore, 'read'>,
  warm: Pick<WarmRunners, 'digest'>,
  { managerUrl, backendKind, secrets: refs }: Pick<WarmLaunch, 'managerUrl' | 'backendKind' | 'secrets'>,
): Promise<string> {
  const changes = await Promise.all(refs.map(async (ref) => (await secrets.read(ref))?.updatedAtMs ?? 0));
  const digest = warm.digest({ managerUrl, backendKind, secrets: refs });
  return createHash('sha256')
    .update(JSON.stringify([digest, changes]))
    .digest('hex');
}
