import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { serveRole } from './worker/serve-role.js';

export function addApiCommand(program: Command, context: CliContext): void {
  program
    .command('api')
    .description('serve the API alone, over AGENTRUN_DATABASE_URL and AGENTRUN_TEMPORAL_ADDRESS')
    .action(() => serveRole(context, 'api'));
}
