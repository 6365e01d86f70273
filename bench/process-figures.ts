import { readdirSync, readFileSync } from 'node:fs';

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
  return { memoryMiB: sumOf(pid, memoryKiB) / 1_024, cpuMs: sumOf(pid, cpuMs) };
}

/** Of all of them together. */
export function cpuMsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + sumOf(pid, cpuMs), 0);
}

function sumOf(pid: number, figure: (pid: number) => number): number {
  return [pid, ...childrenOf(pid)].reduce((sum, one) => sum + figure(one), 0);
}

/** Asked of the kernel by parent: to look through all processes of the machine takes longer than some turns last. */
function childrenOf(pid: number): number[] {
  const listed = threads(pid).map((thread) => read(`/proc/${pid}/task/${thread}/children`));
  return listed.flatMap((line) => line.split(' ').filter(Boolean).map(Number));
}

function memoryKiB(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
}

/** Its own threads' to the nanosecond, for turns of some 10 ms, and that of its children that have ended. */
function cpuMs(pid: number): number {
  const nanoseconds = threads(pid).map((thread) => Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]));
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const endedTicks = [13, 14].reduce((sum, field) => sum + Number(fields[field] ?? 0), 0);
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6 + endedTicks * TICK_MS;
}

function threads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Empty for a process that ended just now. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
