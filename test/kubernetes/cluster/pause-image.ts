import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, writeImages } from '../../../scripts/image/oci-image.js';
import { binaryPath } from './build-binaries.js';

/** What a Pod's namespaces are kept open by. */
export const PAUSE_IMAGE = 'localhost/agentrun-test/pause:1';

/** Answers the tar's path, in `into`. */
export async function pauseImage(into: string): Promise<string> {
  const program = binaryPath('pause');
  const key = digestOf((await readFile(program)).toString('base64'));
  const fill = async (root: string) => copyFile(program, join(root, 'pause'));
  const path = join(into, 'pause.tar');
  await writeImages([{ name: PAUSE_IMAGE, layers: [{ key, fill }], config: { Entrypoint: ['/pause'] } }], path);
  return path;
}
