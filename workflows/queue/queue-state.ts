import { QUEUE_LIMITS } from '../../src/domain/task-lifecycle.js';
import type {
  QueueStateView,
  SlotRecords,
  SlotReleased,
  SlotSettings,
  SlotWanted,
} from '../../src/domain/task-messages.js';
import { firstInOrder, isBehind } from './first-in-order.js';
import { nextGrant, weightOf } from './next-grant.js';
import { ServedTenants } from './served-tenants.js';

/** All that a queue's workflow knows, as plain JSON: it is carried over continue-as-new. */
export interface QueueData {
  settings: SlotSettings;
  waiting: SlotWanted[];
  /** Further tasks wait, which only the records know. */
  more?: boolean;
  holding: Holding[];
  served: Record<string, number>;
  /** When slots are compared with the records next. */
  reviewAtMs?: number;
}

interface Holding extends SlotReleased {
  readonly tenantId: string;
  /** When it was granted; 0 for one that the records told. */
  readonly grantedAtMs: number;
}

/** A slot that was just granted does not show in the records yet. */
const SETTLING_MS = 60_000;

const NOTHING: QueueData = {
  settings: { concurrency: 0, paused: false, weights: {} },
  waiting: [],
  holding: [],
  served: {},
};

/**
 * Who waits for a slot of the queue and who has one, without Temporal. Of very many that wait it carries the first in order, and asks the
 * records for the next when half of them have gone.
 */
export class QueueState {
  reviewAtMs: number | undefined;
  #settings: SlotSettings;
  #more: boolean;
  readonly #waiting: Map<string, SlotWanted>;
  readonly #holding: Map<string, Holding>;
  readonly #tenants: ServedTenants;
  /** Tasks heard of since the records were asked last: what they answer is older. */
  readonly #heardOf = new Set<string>();
  /** Tasks were left to the records since those were asked last. */
  #leftOut = false;

  constructor(
    data: QueueData = NOTHING,
    private readonly carried: number = QUEUE_LIMITS.carried,
  ) {
    this.reviewAtMs = data.reviewAtMs;
    this.#settings = data.settings;
    this.#more = data.more ?? false;
    this.#waiting = byTask(data.waiting);
    this.#holding = byTask(data.holding);
    this.#tenants = new ServedTenants(data.served);
    for (const { tenantId } of [...data.waiting, ...data.holding]) this.#tenants.come(tenantId);
  }

  get data(): QueueData {
    return {
      settings: this.#settings,
      waiting: [...this.#waiting.values()],
      ...(this.#more && { more: true }),
      holding: [...this.#holding.values()],
      served: this.#tenants.record,
      reviewAtMs: this.reviewAtMs,
    };
  }

  get idle(): boolean {
    return this.#waiting.size === 0 && this.#holding.size === 0 && !this.#more;
  }

  /** More wait than one payload is sure to hold. */
  get overfull(): boolean {
    return this.#waiting.size > this.carried;
  }

  /** The records know who comes next. */
  get runsLow(): boolean {
    return this.#more && this.#waiting.size * 2 < this.carried;
  }

  /** Repeating is harmless; an earlier attempt than the known one is an old message. */
  want(wanted: SlotWanted): void {
    if (this.#more && isBehind(this.#waiting.values(), wanted)) {
      this.#leftOut = true;
      return;
    }
    this.#heardOf.add(wanted.taskId);
    this.#want(wanted);
  }

  /** A release of an earlier attempt than the known one is an old message. */
  release({ taskId, attempt }: SlotReleased): void {
    this.#heardOf.add(taskId);
    const known = this.#known(taskId);
    if (known !== undefined && known.attempt <= attempt) this.#forget(taskId);
  }

  /** Gives out every slot that can be given now, and answers to whom. */
  grant(nowMs: number): SlotReleased[] {
    const granted: SlotReleased[] = [];
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { taskId, attempt, tenantId } = next;
      this.#waiting.delete(taskId);
      this.#holding.set(taskId, { taskId, attempt, tenantId, grantedAtMs: nowMs });
      this.#tenants.serve(tenantId, 1 / weightOf(this.#settings, tenantId));
      granted.push({ taskId, attempt });
    }
    return granted;
  }

  /** Leaves the last in order to the records. */
  keepFirst(): void {
    const kept = byTask(firstInOrder(this.#waiting.values(), this.#settings, this.carried));
    for (const taskId of [...this.#waiting.keys()]) if (!kept.has(taskId)) this.#forget(taskId);
    this.#more = true;
    this.#leftOut = true;
  }

  /** The records are being asked. */
  beginLearning(): void {
    this.#heardOf.clear();
    this.#leftOut = false;
  }

  /** Takes over what the records know better: the settings, tasks nobody told of, and ones that went without a word. */
  learn({ settings, waiting, holding, more = false }: SlotRecords, nowMs: number): void {
    this.#settings = settings;
    const isNewer = ({ taskId }: SlotReleased) => this.#heardOf.has(taskId);
    const isSettling = (one: Holding) => nowMs - one.grantedAtMs < SETTLING_MS;
    const holds = byTask(holding);
    const waits = byTask([...waiting, ...holding]);
    for (const one of [...this.#waiting.values()])
      if (!waits.has(one.taskId) && !isNewer(one)) this.#forget(one.taskId);
    for (const one of [...this.#holding.values()])
      if (!holds.has(one.taskId) && !isNewer(one) && !isSettling(one)) this.#forget(one.taskId);
    for (const one of holding) if (!isNewer(one)) this.#hold({ ...one, grantedAtMs: 0 });
    for (const one of waiting) if (!isNewer(one)) this.#want(one);
    this.#more = more || this.#leftOut;
  }

  view(queue: string): QueueStateView {
    const waitingByTenant: Record<string, number> = {};
    for (const { tenantId } of this.#waiting.values()) waitingByTenant[tenantId] = (waitingByTenant[tenantId] ?? 0) + 1;
    return {
      queue,
      settings: this.#settings,
      holding: [...this.#holding.keys()],
      waiting: this.#waiting.size,
      more: this.#more,
      waitingByTenant,
    };
  }

  #next(): SlotWanted | undefined {
    const holding = [...this.#holding.values()];
    const waiting = this.#waiting.values();
    return nextGrant({ settings: this.#settings, waiting, holding, served: this.#tenants.record });
  }

  #want(wanted: SlotWanted): void {
    const known = this.#known(wanted.taskId);
    if (known !== undefined && known.attempt >= wanted.attempt) return;
    this.#forget(wanted.taskId);
    this.#tenants.come(wanted.tenantId);
    this.#waiting.set(wanted.taskId, wanted);
  }

  #hold(holding: Holding): void {
    const known = this.#known(holding.taskId);
    if (known !== undefined && known.attempt >= holding.attempt) return;
    this.#forget(holding.taskId);
    this.#tenants.come(holding.tenantId);
    this.#holding.set(holding.taskId, holding);
  }

  /** It is on one list at most. */
  #known(taskId: string): SlotWanted | Holding | undefined {
    return this.#waiting.get(taskId) ?? this.#holding.get(taskId);
  }

  #forget(taskId: string): void {
    const known = this.#known(taskId);
    if (known === undefined) return;
    this.#waiting.delete(taskId);
    this.#holding.delete(taskId);
    this.#tenants.leave(known.tenantId);
  }
}

function byTask<T extends SlotReleased>(all: readonly T[]): Map<string, T> {
  return new Map(all.map((one) => [one.taskId, one]));
}
