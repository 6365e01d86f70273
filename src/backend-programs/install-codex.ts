import { basename, dirname } from 'node:path';
import { execa } from 'execa';
import { findOnSearchPath } from '../processes/find-program.js';
import type { Progress } from '../processes/progress.js';
import { publishFolder } from '../processes/publish-folder.js';
import { CODEX_PATH_SETTING, CODEX_VERSION, cachedCodexFolder, codexInCache, type CodexProgram } from './find-codex.js';

const PACKAGE = `@openai/codex@${CODEX_VERSION}`;
const WHAT = `codex ${CODEX_VERSION}`;
/** 167 MB over a slow line. */
const INSTALL_TIMEOUT_MS = 20 * 60_000;
const CHECK_TIMEOUT_MS = 20_000;
const TELL_EVERY_MS = 10_000;

export interface CodexInstallation {
  readonly cacheDir: string;
  /** In the form of PATH: where `npm` is found. */
  readonly pathEnv: string;
  readonly onProgress: Progress;
  /** Ends the fetching; nothing of it is left behind. */
  readonly signal?: AbortSignal;
}

/** The message says what was tried and why it failed. */
export class CodexInstallFailed extends Error {
  override readonly name = 'CodexInstallFailed';
  /** What to do instead. */
  readonly advice =
    'make npm and its registry available, or put a codex program on the PATH, or set ' +
    `${CODEX_PATH_SETTING} to the path of one`;
}

/**
 * Puts the program into the cache, unless it is there: from the package registry that npm is set to, 167 MB. Several
 * processes may do it at once; each sees all of it or nothing. @throws CodexInstallFailed
 */
export async function installCodex(installation: CodexInstallation): Promise<CodexProgram> {
  const { cacheDir, onProgress } = installation;
  const folder = cachedCodexFolder(cacheDir);
  const cached = await checked(folder).catch(() => undefined);
  onProgress({ name: WHAT, state: 'started' });
  if (cached) {
    onProgress({ name: WHAT, state: 'cached', detail: cached.path });
    return cached;
  }
  try {
    const fill = (draft: string) => fetchWithNpm(draft, installation);
    const check = async (draft: string) => {
      await checked(draft);
    };
    await publishFolder({ parent: dirname(folder), name: basename(folder), fill, check });
    const installed = await checked(folder);
    onProgress({ name: WHAT, state: 'done', detail: installed.path });
    return installed;
  } catch (error) {
    onProgress({ name: WHAT, state: 'failed' });
    throw new CodexInstallFailed(`could not install ${WHAT} into ${folder}: ${reasonOf(error)}`);
  }
}

async function fetchWithNpm(folder: string, { pathEnv, onProgress, signal }: CodexInstallation): Promise<void> {
  const npm = await findOnSearchPath('npm', pathEnv);
  if (npm === undefined) throw new Error('there is no npm on the PATH');
  const startedAt = performance.now();
  const ticker = setInterval(() => {
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    onProgress({ name: WHAT, state: 'progress', detail: `fetching 167 MB, ${seconds} s so far` });
  }, TELL_EVERY_MS);
  try {
    onProgress({ name: WHAT, state: 'progress', detail: `npm install ${PACKAGE}` });
    await execa(npm, ['install', '--prefix', folder, ...QUIETLY, PACKAGE], {
      cwd: folder,
      timeout: INSTALL_TIMEOUT_MS,
      stdin: 'ignore',
      cancelSignal: signal,
    });
  } finally {
    clearInterval(ticker);
  }
}

/** It needs no install script, but its program is an optional dependency, which a user's settings may leave out. */
const QUIETLY = ['--ignore-scripts', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];

/** @throws Error that says why what is in the folder is of no use */
async function checked(folder: string): Promise<CodexProgram> {
  const found = await codexInCache(folder);
  if (!found) throw new Error(`the package has no program for ${process.platform}-${process.arch}`);
  const { stdout } = await execa(found.path, ['--version'], { timeout: CHECK_TIMEOUT_MS, stdin: 'ignore' });
  if (!stdout.includes(CODEX_VERSION))
    throw new Error(`${found.path} says it is ${JSON.stringify(stdout.slice(0, 80))}`);
  return { ...found, source: 'cache' };
}

/** npm says first what is the matter, and then much that is of no use here. */
const NPM_LINES_SHOWN = 4;

function reasonOf(error: unknown): string {
  const failed = error as Error & { shortMessage?: string; stderr?: string };
  const lines = (failed.stderr ?? '').split('\n').map((line) => line.replace(/^npm (error|ERR!) ?/, '').trim());
  const written = lines.filter((line) => line !== '').slice(0, NPM_LINES_SHOWN);
  return [failed.shortMessage ?? failed.message, written.join('; ')].filter((part) => part !== '').join(': ');
}
