import type { EmbeddedStack } from '../../../main/embedded-stack.js';
import { folders, localManagerFiles, type Settings } from '../../../config.js';
import { assertPortFree, PortTaken } from '../../../processes/free-port.js';
import { CliError } from '../../cli-error.js';
import type { CliContext } from '../../context.js';
import { EXIT, type ExitCode } from '../../exit-codes.js';
import { announceManager, lastPort } from '../../local-manager.js';
import type { ProgressDisplay } from '../../progress-display.js';
import { StopSignals } from '../../stop-signals.js';
import { banner } from './banner.js';

/** Starts the stack, says where it is, and keeps it up until a signal or until a part of it fails for good. */
export async function runUp(context: CliContext, display: ProgressDisplay, json: boolean): Promise<void> {
  const settings = await withLastPort(context, context.settings());
  const signals = new StopSignals();
  try {
    const stack = await start(context, settings, display, signals);
    await announceManager(stack.dataDir, { url: stack.url, temporalUiUrl: stack.temporalUiUrl ?? null });
    if (json) context.screen.data(JSON.stringify(whereabouts(stack)));
    else context.screen.data(banner(context, settings, stack));
    try {
      context.exitCode = await untilStopped(signals, stack);
      await sayGoodbye(context, stack);
    } finally {
      await display.during('stopping', () => stack.stop());
    }
  } finally {
    signals.close();
  }
}

async function start(
  context: CliContext,
  settings: Settings,
  display: ProgressDisplay,
  signals: StopSignals,
): Promise<EmbeddedStack> {
  await assertApiPortFree(settings);
  // The servers are a second's worth of loading, which no other command should pay for.
  const { startLocalStack } = await import('../../../main/local-stack.js');
  // What was started so far ends with this process.
  const leave = () => process.exit(EXIT.interrupted);
  signals.onFirst(leave);
  const stack = await startLocalStack({ settings, environment: context.environment, onProgress: display.show });
  signals.offFirst(leave);
  return stack;
}

/** Where any port will do, the last one: runners that outlived the last manager look for this one there. */
async function withLastPort({ environment }: CliContext, settings: Settings): Promise<Settings> {
  if (settings.AGENTRUN_PORT !== 0) return settings;
  const last = await lastPort(folders(settings, environment).dataDir);
  const isFree =
    last !== undefined &&
    (await assertPortFree(last, 'the API').then(
      () => true,
      () => false,
    ));
  return isFree ? { ...settings, AGENTRUN_PORT: last } : settings;
}

/** Asked before the servers are started, so that a taken port is known at once. */
async function assertApiPortFree({ AGENTRUN_PORT: port }: Settings): Promise<void> {
  if (port === 0) return;
  try {
    await assertPortFree(port, 'the API');
  } catch (error) {
    if (!(error instanceof PortTaken)) throw error;
    throw new CliError(`port ${port} is in use`, EXIT.error, [
      '`agentrun health` tells whether it is an AgentRun of yours; else choose another port by AGENTRUN_PORT (0 picks a free one)',
    ]);
  }
}

async function untilStopped(signals: StopSignals, stack: EmbeddedStack): Promise<ExitCode> {
  const signal = await Promise.race([signals.first, stack.failed]);
  return signal === 'SIGINT' ? EXIT.interrupted : EXIT.ok;
}

async function sayGoodbye({ screen }: CliContext, stack: EmbeddedStack): Promise<void> {
  const jobs = await stack.platform.list();
  const working = jobs.filter((job) => job.status === 'running' || job.status === 'starting').length;
  if (working === 0) return;
  const who = working === 1 ? '1 runner goes on working and is' : `${working} runners go on working and are`;
  screen.note(screen.err.colors.yellow(`${who} found again at the next start`));
}

function whereabouts(stack: EmbeddedStack) {
  return {
    url: stack.url,
    temporalUiUrl: stack.temporalUiUrl ?? null,
    dataDir: stack.dataDir,
    operatorTokenFile: localManagerFiles(stack.dataDir).operatorToken,
    pid: process.pid,
  };
}
