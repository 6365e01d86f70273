import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { BackendProfile } from '../contract/backend.js';
import type { BackendCatalog } from '../ports/backend-catalog.js';

/** Programs that a runner uses to prepare a workspace. */
const TOOLS = ['git'];

const EXEC_SHELL = 'sh';

/** The backends of this version. `searchPath` is where programs are looked for, in the form of the PATH variable. */
export function builtInBackends(options: { readonly searchPath: string }): BackendCatalog {
  const list = async () => [await exec(options.searchPath), await codex(options.searchPath)];
  return {
    list,
    get: async (name) => (await list()).find((backend) => backend.name === name),
    tools: async () => {
      const found = TOOLS.map(async (tool) => [tool, await isOnPath(tool, options.searchPath)] as const);
      return Object.fromEntries(await Promise.all(found));
    },
  };
}

/** Each turn's prompt is a shell command line; a steer goes to its standard input. */
async function exec(searchPath: string): Promise<BackendProfile> {
  const found = await isOnPath(EXEC_SHELL, searchPath);
  return {
    name: 'exec',
    kind: 'exec',
    protocol: 'stdin',
    command: EXEC_SHELL,
    ready: found,
    reason: found ? null : `the program ${EXEC_SHELL} is not on the search path`,
    capabilities: { steer: true, interrupt: true, resume: true, usage: false },
  };
}

async function codex(searchPath: string): Promise<BackendProfile> {
  const found = await isOnPath('codex', searchPath);
  const binary = found ? '' : ', and the program codex is not on the search path';
  return {
    name: 'codex',
    kind: 'codex',
    protocol: 'codex-app-server',
    command: 'codex app-server',
    ready: false,
    reason: `the codex backend is not part of this version yet${binary}`,
    capabilities: { steer: true, interrupt: true, resume: true, usage: true },
  };
}

async function isOnPath(program: string, searchPath: string): Promise<boolean> {
  const folders = searchPath.split(delimiter).filter((folder) => folder !== '');
  const found = await Promise.all(folders.map((folder) => isExecutable(join(folder, program))));
  return found.includes(true);
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
