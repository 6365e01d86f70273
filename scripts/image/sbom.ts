import { execa } from 'execa';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../project-root.js';
import { imagePackages } from './app-files.js';
import { digestOf } from './oci-image.js';
import type { Programs } from './system-layers.js';

interface Component {
  readonly 'bom-ref': string;
  readonly type: string;
  readonly name: string;
  readonly version?: string;
}

interface Bom {
  readonly serialNumber: string;
  readonly metadata: { readonly timestamp?: string; readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}

/**
 * What an image is made of, in CycloneDX: the npm packages that are in it, as npm tells them from the lock file, and `programs` by their
 * digests. Says nothing of when and where it was made, so that the same image has the same.
 */
export async function softwareBill(programs: Programs, others: readonly Component[] = []): Promise<string> {
  const [bom, names, { name, version }] = await Promise.all([npmBom(), imagePackages(), ownPackage()]);
  const kept = new Set(await Promise.all(names.map(packageRef)));
  const packages = bom.components.filter((component) => kept.has(component['bom-ref']));
  const system = await Promise.all(Object.entries(programs).map(async ([to, from]) => programComponent(to, from)));
  const { timestamp: _, ...metadata } = bom.metadata;
  const known = new Set([bom.metadata.component['bom-ref'], ...kept]);
  const body = {
    ...bom,
    metadata: { ...metadata, component: { ...metadata.component, type: 'application', name, version } },
    components: [...packages, ...system, ...others],
    dependencies: bom.dependencies
      .filter(({ ref }) => known.has(ref))
      .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((on) => known.has(on)) })),
  };
  const serialNumber = `urn:uuid:${uuidOf(JSON.stringify({ ...body, serialNumber: '' }))}`;
  return `${JSON.stringify({ ...body, serialNumber }, null, 2)}\n`;
}

async function npmBom(): Promise<Bom> {
  // Its `--omit=dev` leaves out what development needs, too, whoever else needs it: what is in the image is known here.
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];
  const { stdout } = await execa('npm', args, { cwd: projectRoot });
  return JSON.parse(stdout) as Bom;
}

/** As npm refers to it: `koa@3.3.0`. */
async function packageRef(path: string): Promise<string> {
  const manifest = await readFile(join(projectRoot, path, 'package.json'), 'utf8');
  const { name, version } = JSON.parse(manifest) as { name: string; version: string };
  return `${name}@${version}`;
}

async function ownPackage(): Promise<{ name: string; version: string }> {
  return JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8')) as { name: string; version: string };
}

async function programComponent(to: string, from: string) {
  const content = createHash('sha256')
    .update(await readFile(from))
    .digest('hex');
  const version = to.endsWith('/node') ? { version: process.version.slice(1) } : {};
  return { 'bom-ref': `file:/${to}`, type: 'file', name: `/${to}`, ...version, hashes: [{ alg: 'SHA-256', content }] };
}

/** Made of the content, in the form of a random one. */
function uuidOf(text: string): string {
  const digest = digestOf(text);
  const variant = '89ab'[parseInt(digest[16] ?? '0', 16) % 4] ?? '8';
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `4${digest.slice(13, 16)}`,
    variant + digest.slice(17, 20),
    digest.slice(20, 32),
  ].join('-');
}
