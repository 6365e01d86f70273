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
  /** Its rounds do not disturb each other: a few go on at once. */
  readonly together?: boolean;
  readonly before?: (system: System) => Promise<void>;
  readonly after?: (system: System) => Promise<void>;
}

/** So many rounds go on at once where one does not disturb the other. */
const AT_ONCE = 2;

/** One test for each round; a round that fails says how it is played again. */
export function faultRounds(title: string, given: FaultRounds): void {
  const { fault, inject, file, timeoutMs = 300_000, together = false, ...hooks } = given;
  describe(title, function () {
    this.timeout(timeoutMs);
    let system: System;
    before(async () => {
      system = await theSystem();
      await system.ready();
      await hooks.before?.(system);
    });
    after(async () => hooks.after?.(system));
    const batches = new Map<number, Promise<Injected[]>>();
    for (let number = 0; number < ROUNDS; number += 1) {
      const size = together ? AT_ONCE : 1;
      const first = number - (number % size);
      it(`round ${number + 1} of ${ROUNDS}, seed ${SEED + number}`, async () => {
        const seeds = Array.from({ length: Math.min(size, ROUNDS - first) }, (_, index) => SEED + first + index);
        const batch = batches.get(first) ?? injectAll(system, fault, seeds, inject);
        batches.set(first, batch);
        const injected = (await batch)[number - first];
        if (injected !== undefined) await finish(injected, file);
      });
    }
  });
}

interface Injected {
  readonly round: Round;
  readonly failure: Error | null;
}

/** Resolves when the last of them has done what it does: what goes on is looked at by the checker of each. */
async function injectAll(
  system: System,
  fault: string,
  seeds: readonly number[],
  inject: FaultRounds['inject'],
): Promise<Injected[]> {
  const rounds = await Promise.all(seeds.map(async (seed) => Round.begin(system, fault, seed)));
  return Promise.all(
    rounds.map(async (round) => {
      const failure = await inject(round).then(
        () => null,
        (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
      );
      return { round, failure };
    }),
  );
}

async function finish({ round, failure }: Injected, file: string): Promise<void> {
  try {
    if (failure !== null) throw failure;
    await check(round);
  } catch (error) {
    round.system.network.heal();
    await keepEvidence(round).catch(() => undefined);
    throw explained(error, round, file);
  }
  if (KEEP_HISTORIES) await keepEvidence(round);
  else round.history.forget();
}

function explained(error: unknown, { history, seed }: Round, file: string): Error {
  const path = file.replace(/^.*\/dist\//, 'dist/');
  const replay = `AGENTRUN_FAULT_SEED=${seed} AGENTRUN_FAULT_ROUNDS=1 node dist/scripts/run-tests.js ${path}`;
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  history.add('checker', 'fail', 'round', reason);
  return new Error(`${reason}\n  history: ${history.path}\n  again:   ${replay}`, { cause: error });
}
