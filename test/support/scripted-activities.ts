import { ApplicationFailure } from '@temporalio/common';
import type { Carried, Carrying } from '../../activities/carried.js';
import type { Activities } from '../../activities/index.js';
import type { DeliveryTried } from '../../src/domain/webhook-delivery.js';
import type { RunSnapshot } from '../../src/domain/run-snapshot.js';

/**
 * Activities for time-skipped workflow tests: time there is not the database's, so leases and silence are scripted here. Everything
 * else of the records is kept as the real ones keep it: snapshots by version, leases by attempt.
 */
export class ScriptedActivities implements Activities {
  readonly snapshots: RunSnapshot[] = [];
  readonly launched: number[] = [];
  readonly stopped: string[] = [];
  /** Commands of whose end their tasks were told. */
  readonly told: string[] = [];
  leaseIsOver = false;
  silentMs: number | null = null;
  /** For how long runners could reach the API; one answer for each question, and the last for all further ones. */
  acceptingMs: number[] = [Number.MAX_SAFE_INTEGER];
  /** The run is another execution's. */
  isForeign = false;
  onLaunch: (attempt: number) => void | Promise<void> = () => undefined;
  /** May throw: then the snapshot is not written. */
  onProject: (snapshot: RunSnapshot) => void | Promise<void> = () => undefined;

  /** How long a look after what senders wrote takes. */
  onLook: () => void | Promise<void> = () => undefined;

  get latest(): RunSnapshot {
    const latest = this.snapshots.at(-1);
    if (latest === undefined) throw new Error('nothing was projected');
    return latest;
  }

  /** The newest state of each command. */
  get commands(): Record<string, string> {
    return Object.fromEntries(this.snapshots.flatMap(({ commands }) => commands.map(({ id, state }) => [id, state])));
  }

  projectRun = async (snapshot: RunSnapshot) => {
    await this.onProject(snapshot);
    if (this.isForeign) return 'foreign' as const;
    if (snapshot.version <= (this.snapshots.at(-1)?.version ?? 0)) return 'stale' as const;
    this.snapshots.push(snapshot);
    return 'written' as const;
  };
  readWrittenVersion = async () => {
    await this.onLook();
    return { version: this.snapshots.at(-1)?.version ?? 0 };
  };
  expireLease = async () => ({ expired: this.leaseIsOver });
  revokeLease = async () => undefined;
  lastEventAge = async () => ({ silentMs: this.silentMs });
  apiUptime = async () => {
    const [acceptingMs = 0, ...rest] = this.acceptingMs;
    if (rest.length > 0) this.acceptingMs = rest;
    return { acceptingMs };
  };
  launchRunnerJob = async ({ attempt, snapshot }: { attempt: number } & Carrying): Promise<Carried> => {
    const carried = await this.#writeCarried(snapshot);
    if (carried.written === 'refused' || carried.written === 'foreign') return carried;
    this.launched.push(attempt);
    await this.onLaunch(attempt);
    return carried;
  };
  stopRunnerJob = async ({ jobId, snapshot, ended = [] }: { jobId: string } & Carrying): Promise<Carried> => {
    const carried = await this.#writeCarried(snapshot);
    if (carried.told) this.told.push(...ended.map(({ commandId }) => commandId));
    this.stopped.push(jobId);
    return carried;
  };
  findCommandDrafts = async ({ commandIds }: { commandIds: readonly string[] }) => [...commandIds];
  beginEviction = async () => 'no-storage' as const;
  deleteSessionVolume = async () => undefined;
  endEviction = async () => undefined;
  listExpiredSessions = async () => ({ items: [], more: false });
  projectTask = async () => 'written' as const;
  startTaskAttempt = async () => Promise.reject(new Error('no task is scripted here'));
  stopTaskAttempt = async () => undefined;
  readTaskAttempt = async () => null;
  wantSlot = async () => undefined;
  readSlots = async () => ({ settings: { concurrency: 0, paused: false, weights: {} }, waiting: [], holding: [] });
  closeGoneTasks = async () => undefined;
  monitorLeases = async () => undefined;
  monitorBudgets = async () => undefined;
  watchRunners = async () => undefined;
  maintainRecords = async () => undefined;
  mendStranded = async () => undefined;

  keepRunnersWarm = async () => true;
  retainRunners = async (): Promise<never> => {
    throw new Error('nothing is retained here');
  };
  createScheduledTask = async () => ({ verdict: 'gone' }) as const;
  cancelScheduledTask = async () => undefined;
  readTaskState = async () => 'failed' as const;
  announceTaskEnd = async () => undefined;
  tryDelivery = async (): Promise<DeliveryTried> => {
    throw new Error('nothing is delivered here');
  };
  recordDelivery = async () => undefined;

  async #writeCarried(snapshot: RunSnapshot | undefined): Promise<Carried> {
    if (snapshot === undefined) return { told: true };
    try {
      const written = await this.projectRun(snapshot);
      return { written, told: written !== 'foreign' };
    } catch (error) {
      if (error instanceof ApplicationFailure && error.nonRetryable === true)
        return { written: 'refused', told: false };
      throw error;
    }
  }
}
