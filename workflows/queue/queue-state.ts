import type {
  QueueStateView,
  SlotRecords,
  SlotReleased,
  SlotSettings,
  SlotWanted,
} from '../../src/domain/task-messages.js';
import { nextGrant, weightOf } from './next-grant.js';

/** All that a queue's workflow knows, as plain JSON: it is carried over continue-as-new. */
export interface QueueData {
  settings: SlotSettings;
  waiting: SlotWanted[];
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

/** Who waits for a slot of the queue and who has one, without Temporal. */
export class QueueState {
  /** Tasks heard of since the records were asked last: what they answer is older. */
  readonly #heardOf = new Set<string>();

  constructor(
    readonly data: QueueData = {
      settings: { concurrency: 0, paused: false, weights: {} },
      waiting: [],
      holding: [],
      served: {},
    },
  ) {}

  get idle(): boolean {
    return this.data.waiting.length === 0 && this.data.holding.length === 0;
  }

  /** Repeating is harmless; an earlier attempt than the known one is an old message. */
  want(wanted: SlotWanted): void {
    this.#heardOf.add(wanted.taskId);
    this.#want(wanted);
  }

  #want(wanted: SlotWanted): void {
    const known = [...this.data.waiting, ...this.data.holding].find(({ taskId }) => taskId === wanted.taskId);
    if (known !== undefined && known.attempt >= wanted.attempt) return;
    this.#forget(wanted.taskId);
    this.#welcome(wanted.tenantId);
    this.data.waiting.push(wanted);
  }

  /** A release of an earlier attempt than the known one is an old message. */
  release({ taskId, attempt }: SlotReleased): void {
    this.#heardOf.add(taskId);
    const isOver = (one: SlotReleased) => one.taskId === taskId && one.attempt <= attempt;
    this.data.waiting = this.data.waiting.filter((one) => !isOver(one));
    this.data.holding = this.data.holding.filter((one) => !isOver(one));
    this.#leave();
  }

  /** Gives out every slot that can be given now, and answers to whom. */
  grant(nowMs: number): SlotReleased[] {
    const granted: SlotReleased[] = [];
    for (let next = nextGrant(this.data); next !== undefined; next = nextGrant(this.data)) {
      const { taskId, attempt, tenantId } = next;
      this.data.waiting = this.data.waiting.filter((one) => one.taskId !== taskId);
      this.data.holding.push({ taskId, attempt, tenantId, grantedAtMs: nowMs });
      this.data.served[tenantId] = (this.data.served[tenantId] ?? 0) + 1 / weightOf(this.data.settings, tenantId);
      granted.push({ taskId, attempt });
    }
    return granted;
  }

  /** The records are being asked. */
  beginLearning(): void {
    this.#heardOf.clear();
  }

  /** Takes over what the records know better: the settings, tasks nobody told of, and ones that went without a word. */
  learn({ settings, waiting, holding }: SlotRecords, nowMs: number): void {
    this.data.settings = settings;
    const isNewer = ({ taskId }: SlotReleased) => this.#heardOf.has(taskId);
    const isSettling = (one: Holding) => nowMs - one.grantedAtMs < SETTLING_MS;
    const holds = new Set(holding.map(({ taskId }) => taskId));
    const waits = new Set([...waiting, ...holding].map(({ taskId }) => taskId));
    this.data.waiting = this.data.waiting.filter((one) => waits.has(one.taskId) || isNewer(one));
    this.data.holding = this.data.holding.filter((one) => holds.has(one.taskId) || isNewer(one) || isSettling(one));
    for (const one of holding.filter((told) => !isNewer(told))) this.#hold({ ...one, grantedAtMs: 0 });
    for (const one of waiting.filter((told) => !isNewer(told))) this.#want(one);
    this.#leave();
  }

  view(queue: string): QueueStateView {
    const waitingByTenant: Record<string, number> = {};
    for (const { tenantId } of this.data.waiting) waitingByTenant[tenantId] = (waitingByTenant[tenantId] ?? 0) + 1;
    return {
      queue,
      settings: this.data.settings,
      holding: this.data.holding.map(({ taskId }) => taskId),
      waiting: this.data.waiting.length,
      waitingByTenant,
    };
  }

  #hold(holding: Holding): void {
    const isKnown = [...this.data.holding, ...this.data.waiting].some(
      ({ taskId, attempt }) => taskId === holding.taskId && attempt >= holding.attempt,
    );
    if (isKnown) return;
    this.#forget(holding.taskId);
    this.#welcome(holding.tenantId);
    this.data.holding.push(holding);
  }

  #forget(taskId: string): void {
    this.data.waiting = this.data.waiting.filter((one) => one.taskId !== taskId);
    this.data.holding = this.data.holding.filter((one) => one.taskId !== taskId);
    this.#leave();
  }

  /** A tenant that comes begins where the least served of those present stands: having been away earns nothing. */
  #welcome(tenantId: string): void {
    if (tenantId in this.data.served) return;
    const others = Object.values(this.data.served);
    this.data.served[tenantId] = others.length === 0 ? 0 : Math.min(...others);
  }

  #leave(): void {
    const present = new Set([...this.data.waiting, ...this.data.holding].map(({ tenantId }) => tenantId));
    const { served } = this.data;
    this.data.served = Object.fromEntries(Object.entries(served).filter(([tenantId]) => present.has(tenantId)));
  }
}
