import { DefaultLogger, Runtime } from '@temporalio/worker';
import { inspect } from 'node:util';
import { stopAtEnd } from './shared.js';

let installed = false;
const listeners = new Set<(line: string) => void>();

/** The SDK's own lines would drown the tests'. To be called before anything else native of the SDK is used in this process. */
export function quietRuntime(): void {
  if (installed) return;
  installed = true;
  const printing = new DefaultLogger('ERROR');
  const logger = new DefaultLogger('TRACE', ({ level, message, meta }) => {
    for (const tell of listeners) tell(inspect({ level, message, meta }, { depth: 10 }));
    printing.log(level, message, meta);
  });
  Runtime.install({ logger, telemetryOptions: { logging: { filter: 'error', forward: {} } } });
  // It ends with the last worker of this process; where there was none, it would keep the process alive.
  stopAtEnd(async () => Runtime.instance().shutdown());
}

/** Hears all that the SDK has to say, also what is not printed. Answers how to stop it. */
export function listenToSdk(listener: (line: string) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
