import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { serveRole } from './worker/serve-role.js';

export function addWorkerCommand(program: Command, context: CliContext): void {
  program
    .command('worker')
    .description('work on workflows and runner Jobs alone, over AGENTRUN_DATABASE_URL and AGENTRUN_TEMPORAL_ADDRESS')
    .action(() => serveRole(context, 'worker'));
}
