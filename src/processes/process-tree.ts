import { setTimeout as delay } from 'node:timers/promises';
import { processTable, type EnvironmentMarker, type ProcessEntry } from './process-table.js';

/** Which processes belong together. */
export interface ProcessTree {
  /** Process groups that were started for it. */
  readonly groups: readonly number[];
  /** Finds those that left their group (`setsid`, daemons); not one that emptied its environment as well and whose parent is gone. */
  readonly marker: EnvironmentMarker;
  /** Processes that carry the marker and must live: the one that asks, and its ancestors. */
  readonly spare: readonly number[];
}

/** Everything that is alive of a tree: its groups, the marked, and the descendants of both. */
export function livingOf(tree: ProcessTree): ProcessEntry[] {
  const table = processTable.list();
  const found = new Map<number, ProcessEntry>();
  const roots = [
    ...table.filter((entry) => tree.groups.includes(entry.pgid)),
    ...processTable.marked(tree.marker).filter((entry) => !tree.spare.includes(entry.pid)),
  ];
  const visit = (entry: ProcessEntry): void => {
    if (found.has(entry.pid) || tree.spare.includes(entry.pid)) return;
    found.set(entry.pid, entry);
    table.filter((child) => child.ppid === entry.pid).forEach(visit);
  };
  roots.forEach(visit);
  return [...found.values()];
}

/** Kills what is alive now, without waiting. Returns how many processes there were. */
export function killTree(tree: ProcessTree): number {
  for (const group of tree.groups) signalGroup(group, 'SIGKILL');
  const living = livingOf(tree);
  for (const entry of living) signalProcess(entry.pid, 'SIGKILL');
  return living.length;
}

/**
 * Kills until nothing of the tree is left, also what it forks meanwhile.
 * @throws when something is still there after `timeoutMs`, naming the pids.
 */
export async function endTree(tree: ProcessTree, options: { timeoutMs: number }): Promise<void> {
  const giveUpAt = performance.now() + options.timeoutMs;
  while (killTree(tree) > 0) {
    if (performance.now() > giveUpAt) {
      const pids = livingOf(tree).map((entry) => entry.pid);
      throw new Error(`processes ${pids.join(', ')} are still there ${options.timeoutMs} ms after SIGKILL`);
    }
    await delay(20);
  }
}

/** The process and those it descends from, the system's first one too: in a container that may be the one that asks. */
export function lineageOf(pid: number): number[] {
  const parents = new Map(processTable.list().map((entry) => [entry.pid, entry.ppid]));
  const lineage: number[] = [];
  for (let one: number | undefined = pid; one !== undefined && one > 0; one = parents.get(one)) lineage.push(one);
  return lineage;
}

/** False when the group has no process any more. */
export function signalGroup(pgid: number, signal: NodeJS.Signals): boolean {
  return signalProcess(-pgid, signal);
}

/** False when there is no such process, or it is not ours to signal. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
