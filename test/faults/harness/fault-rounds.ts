import { check } from '../checker/check.js';
import { keepEvidence } from '../checker/evidence.js';
import { Round } from './round.js';
import { KEEP_HISTORIES, ROUNDS, SEED } from './settings.js';
import { theSystem, type System } from './system.js';

export interface FaultRounds {
  /** For file names and ids: a word or two, with hyphens. */
  readonly fault: string;
  /** Injects the fault into a workload and looks at what is this fault's alone; the checker comes afterwards. */
  readonly inject: (round: Round) => Promise<void>;
  /** The file that holds it, as it is run: `import.meta.url`. */
  readonly file: string;
  readonly timeoutMs?: number;
  readonly before?: (system: System) => Promise<void>;
  readonly after?: (system: System) => Promise<void>;
}

/** One test for each round; a round that fails says how it is played again. */
export function faultRounds(title: string, { fault, inject, file, timeoutMs = 120_000, ...hooks }: FaultRounds): void {
  describe(title, function () {
    this.timeout(timeoutMs);
    let system: System;
    before(async () => {
      system = await theSystem();
      await system.ready();
      await hooks.before?.(system);
    });
    after(async () => hooks.after?.(system));
    for (let number = 0; number < ROUNDS; number += 1) {
      const seed = SEED + number;
      it(`round ${number + 1} of ${ROUNDS}, seed ${seed}`, async () => {
        const round = await Round.begin(system, fault, seed);
        try {
          await inject(round);
          await check(round);
        } catch (error) {
          system.network.heal();
          await keepEvidence(round).catch(() => undefined);
          throw explained(error, round, file);
        }
        if (KEEP_HISTORIES) await keepEvidence(round);
        else round.history.forget();
      });
    }
  });
}

function explained(error: unknown, { history, seed }: Round, file: string): Error {
  const path = file.replace(/^.*\/dist\//, 'dist/');
  const replay = `AGENTRUN_FAULT_SEED=${seed} AGENTRUN_FAULT_ROUNDS=1 node dist/scripts/run-tests.js ${path}`;
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  history.add('checker', 'fail', 'round', reason);
  return new Error(`${reason}\n  history: ${history.path}\n  again:   ${replay}`, { cause: error });
}
