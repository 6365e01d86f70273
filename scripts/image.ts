// Makes the product's images where no Docker engine is, as tars in OCI's layout (`ctr images import`, `skopeo copy oci-archive:…`,
// `docker load`), each with its bill of materials beside it. With `--root FOLDER` only what is AgentRun's own of an image, into that
// folder: the Dockerfile lays it over a distribution's base image.
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeImages } from './image/oci-image.js';
import { copyApplication, managerImage, runnerImage } from './image/product-images.js';
import { projectRoot } from './project-root.js';

const { values } = parseArgs({ options: { root: { type: 'string' }, out: { type: 'string' } } });

async function makeImages(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const image of [await managerImage('agentrun'), await runnerImage('agentrun-runner')]) {
    const [repository = ''] = image.name.split(':');
    const path = join(folder, `${repository}.oci.tar`);
    const [built] = await writeImages([image], path);
    await writeFile(join(folder, `${repository}.cdx.json`), image.bill);
    console.log(`${image.name}  ${built?.digest}  ${path}`);
  }
}

if (values.root !== undefined) await copyApplication(resolve(values.root));
else await makeImages(values.out ?? join(projectRoot, 'dist/images'));
