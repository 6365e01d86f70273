import { open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What is known on the volume of the newest thread that was started there. */
export interface ThreadRecord {
  readonly threadId: string;
  /** False: surely no turn was ever asked for, so that the agent has kept nothing of it and nothing is lost with it. */
  readonly begun: boolean;
  /** The command whose prompt was sent last, where the agent's own history does not tell. */
  readonly asked?: string | undefined;
}

const FILE = 'thread.json';

/** Null where there is none that can be read. */
export async function readThreadRecord(stateDir: string): Promise<ThreadRecord | null> {
  try {
    const record = JSON.parse(await readFile(join(stateDir, FILE), 'utf8')) as Partial<ThreadRecord>;
    const { threadId, begun, asked } = record;
    if (typeof threadId !== 'string' || typeof begun !== 'boolean') return null;
    return { threadId, begun, ...(typeof asked === 'string' && { asked }) };
  } catch {
    return null;
  }
}

/** Resolves when it is on the disk. */
export async function writeThreadRecord(stateDir: string, record: ThreadRecord): Promise<void> {
  const path = join(stateDir, FILE);
  const file = await open(`${path}.part`, 'w');
  try {
    await file.writeFile(`${JSON.stringify(record)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.part`, path);
  const folder = await open(dirname(path), 'r');
  await folder.sync().finally(() => folder.close());
}
