import type { AgentRun, CommandRecord, RunRecord } from '../../client/index.js';

/** A page shows no more of them; what was said last is what counts. */
const NEWEST_COMMANDS = 500;

export interface RunAndCommands {
  readonly run: RunRecord;
  readonly commands: readonly CommandRecord[];
}

/** A run, and the newest that it was told. */
export async function askRun(client: AgentRun, id: string): Promise<RunAndCommands> {
  const run = await client.runs.get(id);
  const afterSeq = Math.max(0, run.lastCommandSeq - NEWEST_COMMANDS);
  const { items } = await client.runs.commands(id, { afterSeq, limit: NEWEST_COMMANDS });
  return { run, commands: items };
}
