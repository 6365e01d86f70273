import { readFileSync } from 'node:fs';
import { processTable } from '../src/processes/process-table.js';

/** What a process and its children hold and have used. Linux only: read from /proc. */
export interface ProcessFigures {
  /** Memory that they do not share with others, and their part of what they share (PSS), in MiB. */
  readonly memoryMiB: number;
  /** Processor time since they began, in ms. */
  readonly cpuMs: number;
}

/** Of the kernel's clock, as `getconf CLK_TCK` says on every Linux that Node runs on. */
const TICK_MS = 10;

export function figuresOf(pid: number): ProcessFigures {
  const own = processTable.list().filter((entry) => entry.pid === pid || entry.ppid === pid);
  const all = own.map((entry) => [memoryKiB(entry.pid), cpuTicks(entry.pid)] as const);
  const sum = (of: 0 | 1) => all.reduce((total, one) => total + one[of], 0);
  return { memoryMiB: sum(0) / 1_024, cpuMs: sum(1) * TICK_MS };
}

function memoryKiB(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
}

/** Its own, and that of its children that have ended. */
function cpuTicks(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field] ?? 0), 0);
}

/** Empty for a process that ended just now. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
