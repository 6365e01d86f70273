import { setTimeout as delay } from 'node:timers/promises';
import { processTable } from '../../../src/processes/process-table.js';
import { signalProcess } from '../../../src/processes/process-tree.js';
import type { System } from './system.js';

/** How a server goes away: at once, standing still with its connections open, or in order. */
export const WAYS = ['killed', 'frozen', 'stopped'] as const;
export type Way = (typeof WAYS)[number];

/** Takes a server away; answers how it comes back. */
export type Outage = (system: System, way: Way) => Promise<() => Promise<void>>;

export const databaseDown: Outage = async ({ database }, way) => {
  const { pid } = database;
  if (way === 'frozen') return frozen(pid);
  if (way === 'killed') process.kill(pid, 'SIGKILL');
  else await database.stop();
  return async () => {
    await gone(pid);
    await database.start();
  };
};

export const temporalDown: Outage = async ({ temporal }, way) => {
  const { pid } = temporal;
  if (way === 'frozen') return frozen(pid);
  process.kill(pid, way === 'killed' ? 'SIGKILL' : 'SIGTERM');
  return async () => {
    await gone(pid);
    await temporal.startAgain();
  };
};

/** A server with all that it started. */
function frozen(pid: number): () => Promise<void> {
  const all = [pid, ...processTable.list().flatMap((entry) => (entry.ppid === pid ? [entry.pid] : []))];
  for (const one of all) signalProcess(one, 'SIGSTOP');
  return async () => {
    for (const one of [...all].reverse()) signalProcess(one, 'SIGCONT');
  };
}

/** With its children: those of a killed server look for it, and go. */
async function gone(pid: number): Promise<void> {
  while (processTable.list().some((entry) => entry.pid === pid || entry.pgid === pid)) await delay(50);
}
