import { appendFileSync } from 'node:fs';
import { Dice } from './dice.js';
import { History } from './history.js';
import { RecordedApi } from './recorded-api.js';
import { FIGURES_FILE } from './settings.js';
import type { System } from './system.js';

/** Something that was asked for and taken: it has to reach an agent, and to end. */
export interface Accepted {
  /** What its prompt is called in the ledger. */
  readonly operation: string;
  readonly kind: 'command' | 'task';
  readonly id: string;
  /** It may end before an agent has heard of it. */
  readonly mayBeCancelled?: boolean | undefined;
}

/** Events whose append was answered by 200. */
export interface Acknowledged {
  readonly runId: string;
  readonly texts: readonly string[];
}

/** One injection of a fault into a workload, from its seed to what the checker reads. */
export class Round {
  readonly dice: Dice;
  readonly history: History;
  readonly api: RecordedApi;
  readonly accepted: Accepted[] = [];
  readonly acknowledged: Acknowledged[] = [];

  private constructor(
    readonly system: System,
    readonly fault: string,
    readonly seed: number,
    /** The newest change before the round. */
    readonly firstChange: number,
    readonly beganAt: Date,
  ) {
    this.dice = new Dice(seed);
    this.history = new History(`${fault}-${seed}`);
    this.api = new RecordedApi(system.url, system.token, this.history, 'client');
  }

  static async begin(system: System, fault: string, seed: number): Promise<Round> {
    const [now] = await system.query<{ n: string | null; at: Date }>(
      'SELECT max(n) AS n, clock_timestamp() AS at FROM fault_audit',
    );
    const round = new Round(system, fault, seed, Number(now?.n ?? 0), now?.at ?? new Date());
    round.history.add('nemesis', 'info', 'round', { fault, seed });
    return round;
  }

  /** Unique among all rounds of this process. */
  name(what: string): string {
    return `${this.fault}-${this.seed}-${what}`;
  }

  owns(name: string): boolean {
    return name.startsWith(this.name(''));
  }

  /** Tells what the nemesis does, as it does it. */
  tell(what: string, value?: unknown): void {
    this.history.add('nemesis', 'info', what, value);
  }

  figure(what: string, value: number): void {
    const line = { fault: this.fault, seed: this.seed, what, value: Math.round(value) };
    this.history.add('checker', 'info', 'figure', line);
    if (FIGURES_FILE !== undefined) appendFileSync(FIGURES_FILE, `${JSON.stringify(line)}\n`);
  }
}
