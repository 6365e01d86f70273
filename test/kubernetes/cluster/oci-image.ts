import { execa } from 'execa';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { imagesDir } from './cache.js';

/** One layer: a folder that becomes part of the image's root. */
export interface Layer {
  /** Of everything that the layer is made from: a layer of the same key is not made again. */
  readonly key: string;
  /** Puts its files into an empty folder. */
  readonly fill: (root: string) => Promise<void>;
}

export interface ImageSpec {
  readonly name: string;
  readonly layers: readonly Layer[];
  readonly entrypoint?: readonly string[];
}

interface Blob {
  readonly digest: string;
  readonly size: number;
}

/** Makes an image as a tar in OCI's layout, with no registry and no builder; its layers are kept by content. Answers the tar's path, in `into`. */
export async function buildImage(spec: ImageSpec, into: string): Promise<string> {
  await mkdir(layersDir, { recursive: true });
  const folder = await mkdtemp(join(into, 'image-'));
  await writeLayout(folder, spec);
  await execa('tar', ['-cf', `${folder}.tar`, '-C', folder, '.']);
  await rm(folder, { recursive: true });
  await forgetOldLayers();
  return `${folder}.tar`;
}

const layersDir = join(imagesDir, 'layers');
const KEPT_MS = 7 * 24 * 3_600_000;

/** Each build of the program is a layer: those that nobody used for long go. */
async function forgetOldLayers(): Promise<void> {
  for (const name of await readdir(layersDir)) {
    const path = join(layersDir, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > KEPT_MS) await rm(path, { recursive: true, force: true });
  }
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function writeLayout(folder: string, spec: ImageSpec): Promise<void> {
  await mkdir(join(folder, 'blobs/sha256'), { recursive: true });
  const layers: Blob[] = [];
  for (const layer of spec.layers) layers.push(await addLayer(folder, layer));
  const config = await addJson(folder, {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Env: ['PATH=/usr/local/bin:/usr/bin:/bin'], WorkingDir: '/', Entrypoint: spec.entrypoint ?? [] },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
  });
  const types = 'application/vnd.oci.image';
  const manifest = await addJson(folder, {
    schemaVersion: 2,
    mediaType: `${types}.manifest.v1+json`,
    config: { mediaType: `${types}.config.v1+json`, ...config },
    layers: layers.map((layer) => ({ mediaType: `${types}.layer.v1.tar`, ...layer })),
  });
  const annotations = { 'io.containerd.image.name': spec.name, 'org.opencontainers.image.ref.name': spec.name };
  const index = { schemaVersion: 2, manifests: [{ mediaType: `${types}.manifest.v1+json`, ...manifest, annotations }] };
  await writeFile(join(folder, 'index.json'), JSON.stringify(index));
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

/** The same files give the same bytes: owners and times are not this machine's. */
async function addLayer(folder: string, layer: Layer): Promise<Blob> {
  const kept = join(layersDir, `${layer.key.slice(0, 32)}.tar`);
  if (!(await isThere(kept))) await makeLayer(layer, kept);
  await utimes(kept, new Date(), new Date());
  const { size } = await stat(kept);
  const digest = await fileDigest(kept);
  await link(kept, join(folder, 'blobs/sha256', digest));
  return { digest: `sha256:${digest}`, size };
}

async function makeLayer({ fill }: Layer, path: string): Promise<void> {
  const root = await mkdtemp(join(layersDir, 'layer-'));
  try {
    await fill(root);
    const steady = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0'];
    await execa('tar', ['-cf', `${root}.tar`, ...steady, '-C', root, '.']);
    await rename(`${root}.tar`, path);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function addJson(folder: string, value: unknown): Promise<Blob> {
  const text = JSON.stringify(value);
  const digest = digestOf(text);
  await writeFile(join(folder, 'blobs/sha256', digest), text);
  return { digest: `sha256:${digest}`, size: Buffer.byteLength(text) };
}

async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
