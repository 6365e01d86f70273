import { execa } from 'execa';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** One layer: a folder that becomes part of the image's root. */
export interface Layer {
  /** Of everything that the layer is made from: a layer of the same key is not made again. */
  readonly key: string;
  /** Puts its files into an empty folder. Modes are what it leaves there; owners and times are not this machine's. */
  readonly fill: (root: string) => Promise<void>;
}

/** What a container of the image is started with, in OCI's words. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
}

export interface ImageSpec {
  readonly name: string;
  readonly layers: readonly Layer[];
  readonly config: ImageConfig;
}

export interface BuiltImage {
  readonly name: string;
  /** Of its manifest: the same for the same input. */
  readonly digest: string;
}

interface Blob {
  readonly digest: string;
  readonly size: number;
}

/** Kept by content over checkouts. */
const cachedLayers = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'agentrun/images/layers');
const KEPT_MS = 7 * 24 * 3_600_000;
const TYPES = 'application/vnd.oci.image';
const ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'amd64';

/** Owners and times that every machine gives; sorted, since folders list in any order. */
const STEADY = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0'];

/**
 * Writes images as one tar in OCI's layout, with no registry and no builder, at `path`; layers that they share are in it once. The same input
 * gives the same bytes.
 */
export async function writeImages(
  specs: readonly ImageSpec[],
  path: string,
  layersDir = cachedLayers,
): Promise<BuiltImage[]> {
  await mkdir(layersDir, { recursive: true });
  const folder = await mkdtemp(`${path}.parts-`);
  try {
    await mkdir(join(folder, 'blobs/sha256'), { recursive: true });
    const manifests: (Blob & { annotations: Record<string, string> })[] = [];
    for (const spec of specs) manifests.push(await addImage(folder, spec, layersDir));
    const entries = manifests.map((manifest) => ({ mediaType: `${TYPES}.manifest.v1+json`, ...manifest, platform }));
    await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: entries }));
    await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    await execa('tar', ['-cf', `${folder}.tar`, ...STEADY, '--mode=a=rX,u+w', '-C', folder, '.']);
    await rename(`${folder}.tar`, path);
    await forgetOldLayers(layersDir);
    return specs.map(({ name }, index) => ({ name, digest: manifests[index]?.digest ?? '' }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const platform = { architecture: ARCHITECTURE, os: 'linux' };

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function addImage(folder: string, spec: ImageSpec, layersDir: string) {
  const { name, layers: specs, config: container } = spec;
  const layers: Blob[] = [];
  for (const layer of specs) layers.push(await addLayer(folder, layer, layersDir));
  const config = await addJson(folder, {
    ...platform,
    config: container,
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
  });
  const manifest = await addJson(folder, {
    schemaVersion: 2,
    mediaType: `${TYPES}.manifest.v1+json`,
    config: { mediaType: `${TYPES}.config.v1+json`, ...config },
    layers: layers.map((layer) => ({ mediaType: `${TYPES}.layer.v1.tar`, ...layer })),
  });
  const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name };
  return { ...manifest, annotations };
}

async function addLayer(folder: string, layer: Layer, layersDir: string): Promise<Blob> {
  const kept = join(layersDir, `${layer.key.slice(0, 32)}.tar`);
  if (!(await isThere(kept))) await makeLayer(layer, kept, layersDir);
  await utimes(kept, new Date(), new Date());
  const { size } = await stat(kept);
  const digest = await fileDigest(kept);
  const blob = join(folder, 'blobs/sha256', digest);
  // The images' folder may be on another disk than the cache.
  if (!(await isThere(blob))) await link(kept, blob).catch(async () => execa('cp', [kept, blob]));
  return { digest: `sha256:${digest}`, size };
}

async function makeLayer({ fill }: Layer, path: string, layersDir: string): Promise<void> {
  const root = await mkdtemp(join(layersDir, 'layer-'));
  try {
    await execa('chmod', ['755', root]);
    await fill(root);
    await execa('tar', ['-cf', `${root}.tar`, ...STEADY, '-C', root, '.']);
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

/** Each build of the program is a layer: those that nobody used for long go. */
async function forgetOldLayers(layersDir: string): Promise<void> {
  for (const name of await readdir(layersDir)) {
    const path = join(layersDir, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > KEPT_MS) await rm(path, { recursive: true, force: true });
  }
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
