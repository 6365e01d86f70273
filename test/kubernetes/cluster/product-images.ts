import { join } from 'node:path';
import { writeImages } from '../../../scripts/image/oci-image.js';
import { managerImage, runnerImage } from '../../../scripts/image/product-images.js';

export interface ProductImages {
  /** Names by which Pods ask for them. */
  readonly manager: string;
  readonly runner: string;
  /** Holds both. */
  readonly tar: string;
}

/** The product's own images, made of this program as it was built. Parts are kept by content. */
export async function productImages(into: string): Promise<ProductImages> {
  const [manager, runner] = [
    await managerImage('localhost/agentrun-test/manager'),
    await runnerImage('localhost/agentrun-test/runner'),
  ];
  const tar = join(into, 'product.tar');
  await writeImages([manager, runner], tar);
  return { manager: manager.name, runner: runner.name, tar };
}
