import { DefaultLogger, Runtime } from '@temporalio/worker';
import { stopAtEnd } from './shared.js';

let installed = false;

/** The SDK's own lines would drown the tests'. To be called before anything else native of the SDK is used in this process. */
export function quietRuntime(): void {
  if (installed) return;
  installed = true;
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: 'error', forward: {} } },
  });
  // It ends with the last worker of this process; where there was none, it would keep the process alive.
  stopAtEnd(async () => Runtime.instance().shutdown());
}
