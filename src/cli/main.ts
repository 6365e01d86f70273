import { isAbsolute, relative } from 'node:path';
import { readSettings } from '../config.js';
import { processEnvironment } from '../environment.js';
import type { CliContext } from './context.js';
import { failureOf, type Failure } from './failure.js';
import { outputTo } from './output.js';
import { createProgram } from './program.js';
import { Screen } from './screen.js';

/** By its name where it was found by its name; else as it was called, from where the person stands. */
function programName(path: string): string {
  if (!path.endsWith('.js')) return 'agentrun';
  const fromHere = relative(process.cwd(), path);
  return `node ${fromHere.startsWith('..') || isAbsolute(fromHere) ? path : fromHere}`;
}

/** Under --json a failure is data too. */
function tell(failure: Failure, { screen }: CliContext, asJson: boolean): void {
  if (asJson) return screen.data(JSON.stringify({ ok: false, ...failure }));
  const { red, dim, yellow } = screen.err.colors;
  const isOurs = failure.exitCode === 130 || failure.exitCode === 3;
  screen.note(`${isOurs ? yellow('!') : red('✕')} ${failure.message}`);
  for (const line of failure.advice) screen.note(dim(`  ${line}`));
}

const context: CliContext = {
  screen: new Screen(outputTo(process.stdout, processEnvironment), outputTo(process.stderr, processEnvironment)),
  environment: processEnvironment,
  program: programName(process.argv[1] ?? 'agentrun'),
  settings: () => readSettings(processEnvironment),
  exitCode: 0,
};

// A reader that has seen enough (`| head`) closes the pipe; there is nothing left to say to it.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
}

const asJson = process.argv.includes('--json');
try {
  await createProgram(context).parseAsync(process.argv);
} catch (error) {
  const failure = failureOf(error);
  if (failure !== undefined) {
    tell(failure, context, asJson);
    context.exitCode = failure.exitCode;
  }
}
process.exitCode = context.exitCode;
// A native part of the Temporal SDK that was set up and never used would keep a failed start alive.
setTimeout(() => process.exit(), 1_000).unref();
