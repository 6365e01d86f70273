import { execa } from 'execa';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DataFolderLocked, lockFolder } from '../../../src/embedded/folder-lock.js';
import { binariesDir, goModuleDir, KUBERNETES_VERSION } from './cache.js';

/** Of the Go module: what is built, by the name of its file. */
const PACKAGES = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  kubelet: 'k8s.io/kubernetes/cmd/kubelet',
  pause: './pause',
} as const;

export type Binary = keyof typeof PACKAGES;

export const CONTROL_PLANE: readonly Binary[] = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];
export const NODE: readonly Binary[] = ['kubelet', 'pause'];

type Say = (line: string) => void;

/** Builds what is not in the cache; several test processes build one after another. Six minutes on two cores when nothing is there. */
export async function ensureBinaries(names: readonly Binary[], say: Say): Promise<void> {
  await mkdir(binariesDir, { recursive: true });
  const release = await waitForLock();
  try {
    for (const name of names) await ensureBinary(name, say);
  } finally {
    await release();
  }
}

export function binaryPath(name: Binary): string {
  return join(binariesDir, name);
}

/** A mark beside the file names what it was built from. */
async function ensureBinary(name: Binary, say: Say): Promise<void> {
  const mark = `${binaryPath(name)}.built-from`;
  const source = await sourceDigest(name);
  if ((await readFile(mark, 'utf8').catch(() => '')) === source) return;
  say(`building ${name} of Kubernetes ${KUBERNETES_VERSION}; it is kept in ${binariesDir}`);
  const startedAt = performance.now();
  const part = `${binaryPath(name)}.part`;
  await rm(mark, { force: true });
  await execa('go', ['build', '-trimpath', '-ldflags', linkerFlags(), '-o', part, PACKAGES[name]], {
    cwd: goModuleDir,
    env: { CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly -buildvcs=false' },
  });
  await rename(part, binaryPath(name));
  await writeFile(mark, source);
  say(`built ${name} in ${Math.round((performance.now() - startedAt) / 1_000)} s`);
}

async function sourceDigest(name: Binary): Promise<string> {
  const files = name === 'pause' ? ['pause/main.go'] : ['go.mod', 'go.sum'];
  const texts = await Promise.all(files.map((file) => readFile(join(goModuleDir, file), 'utf8')));
  return createHash('sha256').update(texts.join('\0')).update(linkerFlags()).digest('hex');
}

/** The API server tells its version, and its parts compare theirs with it. */
function linkerFlags(): string {
  const [major, minor] = KUBERNETES_VERSION.slice(1).split('.');
  const facts = { gitVersion: KUBERNETES_VERSION, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' };
  const flags = Object.entries(facts).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
  return ['-s', '-w', ...flags].join(' ');
}

async function waitForLock(): Promise<() => Promise<void>> {
  for (;;) {
    try {
      return await lockFolder(binariesDir);
    } catch (error) {
      if (!(error instanceof DataFolderLocked)) throw error;
      await delay(1_000);
    }
  }
}
