import { join } from 'node:path';
import { findOnSearchPath, isExecutableFile } from '../processes/find-program.js';
import { codexOfPackage, nativeCodex, type NativeCodex } from './native-codex.js';

/** The version that this version of ours installs, and was tried with. */
export const CODEX_VERSION = '0.169.0';

export const CODEX_PATH_SETTING = 'AGENTRUN_CODEX_PATH';

/** What to tell whoever wants to use codex where `findCodex` finds none. */
export const CODEX_NOT_INSTALLED =
  'the codex program is not installed: run `agentrun backend install codex`, put codex on the PATH, ' +
  `or set ${CODEX_PATH_SETTING}`;

export interface CodexSearch {
  /** The setting AGENTRUN_CODEX_PATH. When it is given, nothing else is looked at. */
  readonly explicitPath?: string | undefined;
  /** In the form of PATH. */
  readonly pathEnv: string;
  /** Where `agentrun backend install` puts programs; without one it is not looked at. */
  readonly cacheDir?: string | undefined;
}

export interface CodexProgram extends NativeCodex {
  readonly source: typeof CODEX_PATH_SETTING | 'PATH' | 'cache';
}

/** What somebody asked for by name cannot be used, and is not silently replaced by something else. */
export class CodexPathUnusable extends Error {
  override readonly name = 'CodexPathUnusable';
}

/**
 * The codex program to start: always the program itself, never a script around it. Only looks at files, so that it can be
 * asked at any time. @throws CodexPathUnusable, which names the setting
 */
export async function findCodex({ explicitPath, pathEnv, cacheDir }: CodexSearch): Promise<CodexProgram | undefined> {
  if (explicitPath !== undefined) return { ...(await explicit(explicitPath)), source: CODEX_PATH_SETTING };
  const onPath = await findOnSearchPath('codex', pathEnv);
  const native = onPath === undefined ? undefined : await nativeCodex(onPath);
  if (native) return { ...native, source: 'PATH' };
  const cached = cacheDir === undefined ? undefined : await codexInCache(cachedCodexFolder(cacheDir));
  return cached && { ...cached, source: 'cache' };
}

/** Where the installed version is: `<cacheDir>/codex/<version>`. */
export function cachedCodexFolder(cacheDir: string): string {
  return join(cacheDir, 'codex', CODEX_VERSION);
}

/** What an installation has put into this folder. */
export function codexInCache(folder: string): Promise<NativeCodex | undefined> {
  return codexOfPackage(join(folder, 'node_modules', '@openai', 'codex'));
}

/** Why `findCodex` would answer nothing: a sentence for a person. Null when it would find the program. */
export async function whyNoCodex(search: CodexSearch): Promise<string | null> {
  try {
    return (await findCodex(search)) ? null : CODEX_NOT_INSTALLED;
  } catch (error) {
    if (error instanceof CodexPathUnusable) return error.message;
    throw error;
  }
}

async function explicit(path: string): Promise<NativeCodex> {
  if (!(await isExecutableFile(path))) {
    throw new CodexPathUnusable(`${CODEX_PATH_SETTING} is ${path}, which is not an executable file`);
  }
  const native = await nativeCodex(path);
  if (native) return native;
  throw new CodexPathUnusable(`${CODEX_PATH_SETTING} is ${path}, a script whose codex program is not beside it`);
}
