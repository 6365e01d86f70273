import { Argument, type Command } from 'commander';
import { CODEX_VERSION } from '../../../backend-programs/find-codex.js';
import type { CliContext } from '../../context.js';

/** Agents whose program we can fetch. */
const INSTALLABLE = ['codex'];

export function addBackendInstall(backend: Command, context: CliContext): void {
  backend
    .command('install')
    .description("fetch an agent's program onto this machine, for the runners here")
    .addArgument(
      new Argument('<backend>', `whose program (codex ${CODEX_VERSION}: 167 MB, by npm)`).choices(INSTALLABLE),
    )
    .option('--json', 'where it is, as JSON')
    .action(async (_backend: string, { json = false }: { json?: boolean }) => {
      const { runInstall } = await import('./run-install.js');
      await runInstall(context, json);
    });
}
