import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { binaryPath } from './build-binaries.js';
import { buildImage, digestOf } from './oci-image.js';

/** What a Pod's namespaces are kept open by. */
export const PAUSE_IMAGE = 'localhost/agentrun-test/pause:1';

export async function pauseImage(into: string): Promise<string> {
  const program = binaryPath('pause');
  const key = digestOf((await readFile(program)).toString('base64'));
  const fill = async (root: string) => copyFile(program, join(root, 'pause'));
  return buildImage({ name: PAUSE_IMAGE, layers: [{ key, fill }], entrypoint: ['/pause'] }, into);
}
