import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A living process. `pid` and `startedAt` together name it for good: a pid alone is used again. `startedAt` is opaque. */
export interface ProcessEntry {
  readonly pid: number;
  readonly ppid: number;
  readonly pgid: number;
  readonly startedAt: string;
}

/** A variable that a process was started with. Its children inherit it, also those that leave its group and session. */
export interface EnvironmentMarker {
  readonly name: string;
  readonly value: string;
}

/** What the system tells of its processes; zombies are left out, since they are over. */
export interface ProcessTable {
  list(): ProcessEntry[];
  find(pid: number): ProcessEntry | undefined;
  /** Those whose environment at their start held the marker. Other users' processes cannot be looked into. */
  marked(marker: EnvironmentMarker): ProcessEntry[];
}

/** Reads /proc (Linux). */
export const procTable: ProcessTable = {
  list: () => pids().flatMap((pid) => procTable.find(pid) ?? []),
  find(pid) {
    const stat = readText(`/proc/${pid}/stat`);
    return stat === undefined ? undefined : entryFromStat(pid, stat);
  },
  marked(marker) {
    const wanted = `${marker.name}=${marker.value}`;
    const isMarked = (pid: number) => readText(`/proc/${pid}/environ`)?.split('\0').includes(wanted) ?? false;
    return pids()
      .filter(isMarked)
      .flatMap((pid) => procTable.find(pid) ?? []);
  },
};

/** Asks `ps` (macOS, BSD). Start times are whole seconds there. */
export const psTable: ProcessTable = {
  list: () => psEntries(ps(['-axww', '-o', PS_COLUMNS])).map((line) => line.entry),
  find: (pid) => psEntries(ps(['-ww', '-o', PS_COLUMNS, '-p', String(pid)])).map((line) => line.entry)[0],
  marked(marker) {
    const wanted = ` ${marker.name}=${marker.value} `;
    const lines = psEntries(ps(['axeww', '-o', `${PS_COLUMNS},command=`]));
    return lines.filter((line) => `${line.rest} `.includes(wanted)).map((line) => line.entry);
  },
};

export const processTable: ProcessTable = process.platform === 'linux' ? procTable : psTable;

export type ProcessIdentity = Pick<ProcessEntry, 'pid' | 'startedAt'>;

/** Whether the very process that was recorded still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  return processTable.find(identity.pid)?.startedAt === identity.startedAt;
}

function pids(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid > 0);
}

function entryFromStat(pid: number, stat: string): ProcessEntry | undefined {
  // The second field is the program's name in brackets and may itself hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, ppid, pgid, startTicks] = [fields[0], fields[1], fields[2], fields[19]];
  if (startTicks === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid, ppid: Number(ppid), pgid: Number(pgid), startedAt: `${bootId()}/${startTicks}` };
}

let knownBootId: string | undefined;

/** Start times count from boot, so the same pid with the same ticks may come again after a reboot. */
function bootId(): string {
  knownBootId ??= readText('/proc/sys/kernel/random/boot_id')?.trim() ?? 'unknown-boot';
  return knownBootId;
}

const PS_COLUMNS = 'pid=,ppid=,pgid=,stat=,lstart=';
/** pid, ppid, pgid, state, then a start time of five words (`Mon Jan  1 00:00:00 2024`), then what else was asked for. */
const PS_LINE = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\d{4})(.*)$/;

function psEntries(output: string): { entry: ProcessEntry; rest: string }[] {
  return output.split('\n').flatMap((line) => {
    const match = PS_LINE.exec(line);
    if (!match || match[4]?.startsWith('Z')) return [];
    const [pid, ppid, pgid] = [Number(match[1]), Number(match[2]), Number(match[3])];
    const startedAt = (match[5] ?? '').replace(/\s+/g, ' ');
    return [{ entry: { pid, ppid, pgid, startedAt }, rest: match[6] ?? '' }];
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
