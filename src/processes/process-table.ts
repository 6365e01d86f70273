import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A living process and its place among others. */
export interface ProcessEntry {
  readonly pid: number;
  readonly ppid: number;
  readonly pgid: number;
}

/** A variable that a process was started with. Its children inherit it, also those that leave its group and session. */
export interface EnvironmentMarker {
  readonly name: string;
  readonly value: string;
}

/** What the system tells of its processes; zombies are left out, since they are over. */
export interface ProcessTable {
  list(): ProcessEntry[];
  /** Those whose environment at their start held the marker. Other users' processes cannot be looked into. */
  marked(marker: EnvironmentMarker): ProcessEntry[];
}

/** Reads /proc (Linux). */
export const procTable: ProcessTable = {
  list: () => entriesOf(pids()),
  marked(marker) {
    const wanted = `${marker.name}=${marker.value}`;
    return entriesOf(pids().filter((pid) => readText(`/proc/${pid}/environ`)?.split('\0').includes(wanted)));
  },
};

/** Asks `ps` (macOS, BSD). */
export const psTable: ProcessTable = {
  list: () => psEntries(ps(['-axww', '-o', PS_COLUMNS])).map((line) => line.entry),
  marked(marker) {
    const wanted = ` ${marker.name}=${marker.value} `;
    const lines = psEntries(ps(['axeww', '-o', `${PS_COLUMNS},command=`]));
    return lines.filter((line) => `${line.rest} `.includes(wanted)).map((line) => line.entry);
  },
};

export const processTable: ProcessTable = process.platform === 'linux' ? procTable : psTable;

function pids(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid > 0);
}

function entriesOf(some: number[]): ProcessEntry[] {
  return some.flatMap((pid) => entryFromStat(pid, readText(`/proc/${pid}/stat`)) ?? []);
}

function entryFromStat(pid: number, stat = ''): ProcessEntry | undefined {
  // The second field is the program's name in brackets and may itself hold spaces and brackets.
  const [state, ppid, pgid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (pgid === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid, ppid: Number(ppid), pgid: Number(pgid) };
}

const PS_COLUMNS = 'pid=,ppid=,pgid=,stat=';

function psEntries(output: string): { entry: ProcessEntry; rest: string }[] {
  return output.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)(.*)$/.exec(line);
    if (!match || match[4]?.startsWith('Z')) return [];
    const [pid, ppid, pgid] = [Number(match[1]), Number(match[2]), Number(match[3])];
    return [{ entry: { pid, ppid, pgid }, rest: match[5] ?? '' }];
  });
}

/** Exit status 1 is how `ps` says that it found no such process. */
function ps(args: string[]): string {
  try {
    const env = { PATH: '/bin:/usr/bin', LC_ALL: 'C' };
    return execFileSync('ps', args, { encoding: 'utf8', env, stdio: 'pipe', maxBuffer: 64 * 1024 * 1024 });
  } catch {
    return '';
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
