import { realpath, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { isExecutableFile } from '../processes/find-program.js';

/** What the npm package starts on this kind of machine; undefined where it has nothing for it. */
const TARGETS: Readonly<Record<string, string>> = {
  'linux-x64': 'x86_64-unknown-linux-musl',
  'linux-arm64': 'aarch64-unknown-linux-musl',
  'darwin-x64': 'x86_64-apple-darwin',
  'darwin-arm64': 'aarch64-apple-darwin',
};

export interface NativeCodex {
  readonly path: string;
  /** Known where it came with a package. */
  readonly version?: string;
}

/**
 * What to start for a path that is called `codex`. npm puts a script there that starts the real program as its child: then
 * signals and the process's identity would be those of the wrong one. Undefined when such a script's program is missing.
 */
export async function nativeCodex(path: string): Promise<NativeCodex | undefined> {
  const real = await realpath(path);
  if (basename(real) !== 'codex.js') return { path };
  return codexOfPackage(dirname(dirname(real)));
}

/** The program that belongs to an installed npm package `@openai/codex`, whose folder is given. */
export async function codexOfPackage(packageFolder: string): Promise<NativeCodex | undefined> {
  const kind = `${process.platform}-${process.arch}`;
  const target = TARGETS[kind];
  if (target === undefined) return undefined;
  const candidates = [...platformFolders(packageFolder, kind), packageFolder].map((folder) =>
    join(folder, 'vendor', target, 'bin', 'codex'),
  );
  for (const path of candidates) {
    if (await isExecutableFile(path)) return { path, version: await versionOf(packageFolder) };
  }
  return undefined;
}

/** Beside it or inside it, wherever the package manager has put it. */
function platformFolders(packageFolder: string, kind: string): string[] {
  try {
    const require = createRequire(join(packageFolder, 'bin', 'codex.js'));
    return [dirname(require.resolve(`@openai/codex-${kind}/package.json`))];
  } catch {
    return [];
  }
}

async function versionOf(packageFolder: string): Promise<string | undefined> {
  const manifest = await readFile(join(packageFolder, 'package.json'), 'utf8').catch(() => '{}');
  return (JSON.parse(manifest) as { version?: string }).version;
}
