import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import {
  isProcessIdentity,
  isSameProcess,
  processIdentity,
  runningCommands,
  type ProcessIdentity,
} from '../src/processes/process-identity.js';

/** A development server and where it listens. */
export interface ServerRecord extends ProcessIdentity {
  port: number;
  uiPort: number;
}

const stateFile = (dbFile: string) => `${dbFile}.server.json`;

export async function recordServer(dbFile: string, { pid, startedAt, port, uiPort }: ServerRecord): Promise<void> {
  const draft = `${stateFile(dbFile)}.draft`;
  await writeFile(draft, JSON.stringify({ pid, startedAt, port, uiPort }), { mode: 0o600 });
  await rename(draft, stateFile(dbFile));
}

export async function forgetServer(dbFile: string): Promise<void> {
  await rm(stateFile(dbFile), { force: true });
}

/**
 * The server that already works on this database file, if any. Two on one file would fight over its shards, so one
 * whose manager died before it could record it is looked for as well, by its command line.
 */
export async function findSurvivor(dbFile: string): Promise<ServerRecord | undefined> {
  const recorded = await readRecord(dbFile);
  if (recorded && isSameProcess(recorded)) return recorded;
  return findByCommandLine(dbFile);
}

async function readRecord(dbFile: string): Promise<ServerRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(stateFile(dbFile), 'utf8')) as ServerRecord;
    return isProcessIdentity(record) && record.port > 0 ? record : undefined;
  } catch {
    return undefined;
  }
}

function findByCommandLine(dbFile: string): ServerRecord | undefined {
  for (const { pid, command } of runningCommands()) {
    if (!command.includes(` start-dev `) || !`${command} `.includes(` --db-filename ${dbFile} `)) continue;
    const identity = processIdentity(pid);
    const port = Number(/ --port (\d+)/.exec(command)?.[1]);
    const uiPort = Number(/ --ui-port (\d+)/.exec(command)?.[1]);
    if (identity && port > 0) return { ...identity, port, uiPort };
  }
  return undefined;
}
