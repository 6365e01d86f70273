import type { Command } from 'commander';
import type { CliContext } from '../context.js';

export function addDemoCommand(program: Command, context: CliContext): void {
  program
    .command('demo')
    .description('see it work: a real run on this machine, in a folder that is deleted at the end')
    .option('--keep', 'leave everything up until Ctrl-C')
    .option('--json', 'what happened as one JSON object')
    .action(async (options: { keep?: boolean; json?: boolean }) => {
      const { runDemo } = await import('./demo/run-demo.js');
      await runDemo(context, { keep: options.keep ?? false, json: options.json ?? false });
    });
}
