import type { Role } from '../../../main/role.js';
import type { CliContext } from '../../context.js';
import { StopSignals } from '../../stop-signals.js';

/** Runs one part of the manager until a signal, or until it fails for good. It logs on standard output. */
export async function serveRole(context: CliContext, role: Role): Promise<void> {
  const { startRole } = await import('../../../main/role.js');
  const signals = new StopSignals();
  try {
    const manager = await startRole(role, context.settings(), context.environment);
    context.screen.note(`${role} ready${manager.url === undefined ? '' : `: ${manager.url}`}`);
    try {
      await Promise.race([signals.first, manager.failed]);
    } finally {
      await manager.stop();
    }
  } finally {
    signals.close();
  }
}
