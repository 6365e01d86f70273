import { forbidden } from '../../domain/errors.js';
import type { Principal } from '../../domain/principal.js';
import type { OperationContext } from '../context.js';

type Context = Pick<OperationContext, 'allowsImage' | 'specs'>;

/**
 * A runner's image is handed what the run's profile keeps secret, which belongs to the installation: only its operators choose freely.
 * Others name what these allow, by setting or by an AipodSpec.
 * @throws forbidden naming the field
 */
export async function assertMayNameImage(
  context: Context,
  principal: Principal,
  image: string | null | undefined,
  field: string,
): Promise<void> {
  if (principal.kind === 'operator' && principal.tenants === 'all') return;
  if (image === null || image === undefined || context.allowsImage(image)) return;
  if (await context.specs.namesImage(image)) return;
  throw forbidden(
    `${field} must be an image that AGENTRUN_RUNNER_IMAGES_ALLOWED or an AipodSpec names: only operators of all tenants choose another`,
    { field },
  );
}
