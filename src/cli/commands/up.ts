import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { ProgressDisplay } from '../progress-display.js';
import { runUp } from './up/run-up.js';

export function addUpCommand(program: Command, context: CliContext): void {
  program
    .command('up')
    .description('start everything on this machine: PostgreSQL, Temporal, the API and its worker')
    .option('--json', 'say where it listens as one line of JSON')
    .action(async ({ json = false }: { json?: boolean }) => {
      const display = new ProgressDisplay(context.screen.err);
      try {
        await runUp(context, display, json);
      } finally {
        display.close();
      }
    });
}
