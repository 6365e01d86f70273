import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/**
 * A process that cannot be confused with a later one of the same pid.
 * `startedAt` is an opaque token: compare it, don't read it.
 */
export interface ProcessIdentity {
  pid: number;
  startedAt: string;
}

/** The identity of a running process; undefined when there is none (a zombie counts as none). */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return process.platform === 'linux' ? identityFromProc(pid) : identityFromPs(pid);
}

/** Whether the very process that was recorded still runs. */
export function isSameProcess(identity: ProcessIdentity): boolean {
  return processIdentity(identity.pid)?.startedAt === identity.startedAt;
}

/** Narrows parsed JSON, e.g. of a state file that may have been cut short. */
export function isProcessIdentity(value: unknown): value is ProcessIdentity {
  const candidate = value as ProcessIdentity | null | undefined;
  return typeof candidate?.pid === 'number' && typeof candidate.startedAt === 'string';
}

function identityFromProc(pid: number): ProcessIdentity | undefined {
  const stat = readOrUndefined(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The second field is the program's name in brackets and may itself hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  if (startTicks === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid, startedAt: `${bootId()}/${startTicks}` };
}

let knownBootId: string | undefined;

/** Start times count from boot, so the same pid with the same ticks may come again after a reboot. */
function bootId(): string {
  knownBootId ??= readOrUndefined('/proc/sys/kernel/random/boot_id')?.trim() ?? 'unknown-boot';
  return knownBootId;
}

/** For systems without /proc. Start times are whole seconds there. Exported for its tests. */
export function identityFromPs(pid: number): ProcessIdentity | undefined {
  const line = ps(['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)]);
  const [state, ...startedAt] = line.trim().split(/\s+/);
  if (!state || state.startsWith('Z') || startedAt.length === 0) return undefined;
  return { pid, startedAt: startedAt.join(' ') };
}

/** The command lines of all visible processes, as one string each with the arguments joined by blanks. */
export function runningCommands(): { pid: number; command: string }[] {
  return process.platform === 'linux' ? commandsFromProc() : commandsFromPs();
}

function commandsFromProc(): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), command: readOrUndefined(`/proc/${name}/cmdline`) ?? '' }))
    .map(({ pid, command }) => ({ pid, command: command.replaceAll('\0', ' ').trim() }));
}

function commandsFromPs(): { pid: number; command: string }[] {
  return ps(['-axww', '-o', 'pid=', '-o', 'args='])
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null)
    .map((match) => ({ pid: Number(match[1]), command: match[2] ?? '' }));
}

/** Exit status 1 is how `ps` says that it found no such process. */
function ps(args: string[]): string {
  try {
    return execFileSync('ps', args, { encoding: 'utf8', env: { PATH: '/bin:/usr/bin', LC_ALL: 'C' }, stdio: 'pipe' });
  } catch {
    return '';
  }
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
