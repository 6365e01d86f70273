import assert from 'node:assert/strict';
import { isOpen } from '../../src/domain/command-lifecycle.js';
import { RunRefused } from '../../src/domain/refusals.js';
import type { RunSnapshot } from '../../src/domain/run-snapshot.js';
import type { Postgres } from '../../src/postgres/index.js';
import type { RunState } from '../../workflows/run/run-state.js';
import { dropWritten, takeSnapshot } from '../../workflows/run/snapshot.js';
import { newState, runInput } from '../unit/workflows/run-fixtures.js';
import { commandDraft } from './runs.js';

const COMPLETED = { status: 'completed', failureKind: null, message: null } as const;
const RANK = ['pending', 'acknowledged'];

/** What a run's workflow decides, beside what its records then show. */
export class RunOfMoves {
  static readonly moves = ['add', 'claim', 'ack', 'finish', 'late steer', 'cancel', 'lose', 'end'] as const;

  readonly #run: RunState;
  readonly #shown = new Map<string, number>();

  constructor(
    private readonly postgres: Postgres,
    private readonly runId: string,
  ) {
    this.#run = newState({ runId });
  }

  /** A move that is refused changes nothing. */
  async move(does: (typeof RunOfMoves.moves)[number]): Promise<void> {
    const drafted = does === 'add' ? await this.postgres.runs.draftCommand(commandDraft(this.runId)) : undefined;
    const steer = does === 'late steer' ? commandDraft(this.runId, { type: 'steer' }) : undefined;
    if (steer !== undefined) await this.postgres.runs.draftCommand(steer);
    if (does === 'lose' && !this.#run.terminal) await this.postgres.leases.revoke(this.runId, this.#run.attempt);
    try {
      this.#decide(does, drafted?.id ?? steer?.id ?? '');
    } catch (error) {
      if (!(error instanceof RunRefused)) throw error;
    }
  }

  snapshot(): RunSnapshot {
    return takeSnapshot(runInput({ runId: this.runId }), this.#run.data, 'execution-1');
  }

  /** As the workflow does it. */
  async flush(): Promise<void> {
    const snapshot = this.snapshot();
    assert.notEqual(await this.postgres.runs.projectRun(snapshot), 'foreign');
    dropWritten(this.#run.data, snapshot.version);
  }

  async assertShown(): Promise<void> {
    const { lifecycle, version, eventNumber, commands, added, lastCommandSeq } = this.#run.data;
    const run = await this.postgres.runs.getRun(this.runId, 'all');
    assert.deepEqual(
      [run?.status, run?.attempt, run?.claimedBy, run?.lastCommandSeq],
      [lifecycle.status, lifecycle.attempt, lifecycle.claimedBy, lastCommandSeq],
      `at version ${version}`,
    );
    const events = await this.postgres.events.page({ runId: this.runId, afterSeq: 0, limit: 1_000 });
    const numbers = Array.from({ length: eventNumber }, (_, index) => index + 1);
    assert.deepEqual(
      events.map(({ seq }) => seq),
      numbers,
    );
    const shown = await this.#commands();
    assert.deepEqual(
      shown.filter(isOpen).map(({ id, state }) => [id, state]),
      openStates(commands),
    );
    assert.deepEqual(
      shown.map(({ id }) => id),
      added.map(({ id }) => id),
    );
  }

  async assertNothingMovedBack(): Promise<void> {
    for (const { id, state } of await this.#commands()) {
      const rank = RANK.includes(state) ? RANK.indexOf(state) : RANK.length;
      assert.ok(rank >= (this.#shown.get(id) ?? 0), `${id} is ${state} again`);
      this.#shown.set(id, rank);
    }
  }

  #decide(does: (typeof RunOfMoves.moves)[number], commandId: string): void {
    const run = this.#run;
    const [first] = run.openCommands;
    if (does === 'add') run.addCommand(commandId, 'turn');
    if (does === 'claim') run.claim(`r${run.attempt}`, 60_000);
    if (does === 'ack' && first) run.ackCommand(first.id, undefined);
    if (does === 'finish' && first) run.finishCommand({ runId: this.runId, commandId: first.id, outcome: COMPLETED });
    if (does === 'late steer') {
      run.addCommand(commandId, 'steer');
      run.finishCommand({ runId: this.runId, commandId, outcome: COMPLETED, tooLate: true });
    }
    if (does === 'cancel' && first) run.cancelCommand(first.id, null);
    if (does === 'lose' && !run.terminal) run.lose({ why: 'lease-expired' });
    if (does === 'end') run.cancelRun(null);
  }

  async #commands() {
    return this.postgres.runs.listCommands({ runId: this.runId, afterSeq: 0, limit: 1_000, openOnly: false });
  }
}

function openStates(commands: RunState['data']['commands']): [string, string][] {
  return commands.map(({ id, lifecycle }) => [id, lifecycle.state]);
}
