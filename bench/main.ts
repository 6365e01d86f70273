// Measures the product against the floor of each path, on this machine and in one run. See docs/benchmarks.md.
import { Command, Option } from 'commander';
import { cpus } from 'node:os';
import { openBed, type Bed } from './bed.js';
import { appendCases } from './cases/append.js';
import { boardCases } from './cases/board.js';
import { clientCases } from './cases/clients.js';
import { decisionCases } from './cases/decisions.js';
import { fleetCase, type Fleet } from './cases/fleet.js';
import { growthCases } from './cases/growth.js';
import { historyCases } from './cases/history.js';
import { liveLeaseCases } from './cases/live-leases.js';
import { peerCases } from './cases/peers.js';
import { queueCases } from './cases/queue.js';
import { renewCases } from './cases/renew.js';
import { runnerJobCases } from './cases/runner-job.js';
import { sessionCases } from './cases/sessions.js';
import { startCases } from './cases/starts.js';
import { tailCases } from './cases/tails.js';
import { wholeRunCases } from './cases/whole-runs.js';
import type { Histories } from './histories.js';
import type { Comparison, Effort } from './rounds.js';
import { comparisonTable, fleetTables, historyTables } from './table.js';

const PARTS = {
  append: appendCases,
  renew: renewCases,
  tails: tailCases,
  decisions: decisionCases,
  job: runnerJobCases,
  sessions: sessionCases,
  queue: queueCases,
  starts: startCases,
};
/** These take minutes, or leave other servers than they found: each where it is asked for. */
const ASKED_FOR = {
  board: boardCases,
  clients: clientCases,
  growth: growthCases,
  leases: liveLeaseCases,
  peers: peerCases,
  runs: wholeRunCases,
};
type Part = keyof typeof PARTS | keyof typeof ASKED_FOR | 'history' | 'fleet';
const BY_DEFAULT = [...Object.keys(PARTS), 'history'] as Part[];
const NAMES = [...BY_DEFAULT, ...Object.keys(ASKED_FOR), 'fleet'] as Part[];

const { quick, json, only, runs } = new Command('bench')
  .description('Measures speed as ratios to the floor of each path.')
  .option('--quick', 'fewer rounds and sizes, under a minute', false)
  .option('--json', 'one JSON document on stdout instead of tables', false)
  .addOption(new Option('--only <part...>', 'some parts only').choices(NAMES).default(BY_DEFAULT))
  .option('--runs <count>', 'live runs of the fleet', Number, 500)
  .parse()
  .opts<{ quick: boolean; json: boolean; only: Part[]; runs: number }>();
// Short turns and many of them: what disturbs the machine for a second then falls on all contenders.
const effort: Effort = quick
  ? { quick, rounds: 7, sliceMs: 50, budgetMs: 1_500, warmUps: 1 }
  : { quick, rounds: 17, sliceMs: 80, budgetMs: 8_000, warmUps: 2 };

interface Report {
  machine: { cpu: string; cores: number; node: string };
  effort: Effort;
  comparisons: Comparison[];
  history?: Histories;
  fleet?: Fleet;
  tookMs: number;
}

async function measure(bed: Bed, report: Report): Promise<void> {
  for (const name of NAMES.filter((one) => only.includes(one))) {
    if (name === 'history') {
      report.history = await historyCases(bed);
      tell(historyTables(report.history));
      continue;
    }
    if (name === 'fleet') {
      report.fleet = await fleetCase(bed, runs);
      tell(fleetTables(report.fleet));
      continue;
    }
    const comparisons = await { ...PARTS, ...ASKED_FOR }[name](bed, effort);
    report.comparisons.push(...comparisons);
    comparisons.forEach((comparison) => tell(comparisonTable(comparison)));
  }
}

function tell(text: string): void {
  if (!json) process.stdout.write(`${text}\n\n`);
}

const startedAt = performance.now();
const cpu = cpus();
const machine = { cpu: cpu[0]?.model ?? 'unknown', cores: cpu.length, node: process.version };
const report: Report = { machine, effort, comparisons: [], tookMs: 0 };
tell(
  `${machine.cores} × ${machine.cpu}, Node ${machine.node}; p50 and p99 of single operations, ratios as median (quartiles) of the rounds`,
);
const bed = await openBed();
try {
  await measure(bed, report);
} finally {
  await bed.close();
}
report.tookMs = Math.round(performance.now() - startedAt);
if (json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
else tell(`Took ${Math.round(report.tookMs / 1_000)} s.`);
