import type { BackendProfile } from '../../contract/backend.js';
import type { BackendCatalog } from '../../ports/backend-catalog.js';

/** Programs that a runner uses to prepare a workspace. */
const TOOLS = ['git'];

const EXEC_SHELL = 'sh';

/** Whether a runner finds a program of this name where it runs. */
export type HasProgram = (program: string) => Promise<boolean>;

/** Why a runner would find no codex program to start, for a person; null when it would find one. */
export type WhyNoCodex = () => Promise<string | null>;

/** Each has the name of its kind. */
const KINDS = ['exec', 'codex'];

/** The backends of this version. Asked anew each time: programs are installed while a manager runs. */
export function builtInBackends(hasProgram: HasProgram, whyNoCodex: WhyNoCodex): BackendCatalog {
  const list = async () => Promise.all([exec(hasProgram), codex(whyNoCodex)]);
  return {
    list,
    get: async (name) => (await list()).find((backend) => backend.name === name),
    kindOf: async (name) => KINDS.find((kind) => kind === name),
    tools: async () => {
      const found = TOOLS.map(async (tool) => [tool, await hasProgram(tool)] as const);
      return Object.fromEntries(await Promise.all(found));
    },
  };
}

/** Each turn's prompt is a shell command line; a steer goes to its standard input. */
async function exec(hasProgram: HasProgram): Promise<BackendProfile> {
  const found = await hasProgram(EXEC_SHELL);
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

async function codex(whyNoCodex: WhyNoCodex): Promise<BackendProfile> {
  const reason = await whyNoCodex();
  return {
    name: 'codex',
    kind: 'codex',
    protocol: 'codex-app-server',
    command: 'codex app-server',
    ready: reason === null,
    reason,
    capabilities: { steer: true, interrupt: true, resume: true, usage: true },
  };
}
