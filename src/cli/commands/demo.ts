import { Option, type Command } from 'commander';
import type { CliContext } from '../context.js';
import type { DemoAgentOptions } from './demo/demo-agent.js';

export function addDemoCommand(program: Command, context: CliContext): void {
  program
    .command('demo')
    .description('see it work: a real run on this machine, in a folder that is deleted at the end')
    .option('--keep', 'leave everything up until Ctrl-C')
    .option('--json', 'what happened as one JSON object')
    .addOption(
      new Option('--backend <name>', 'who does the work: a shell script, or an agent')
        .choices(['exec', 'codex'])
        .default('exec'),
    )
    .option('--provider <base url>', "of codex's model provider (Responses API); OpenAI's when absent")
    .option('--model <name>', 'the model that codex asks for')
    .option('--api-key-env <name>', "variable that holds the provider's key")
    .action(async ({ keep = false, json = false, ...agent }: DemoAgentOptions & { keep?: boolean; json?: boolean }) => {
      const { runDemo } = await import('./demo/run-demo.js');
      await runDemo(context, { keep, json, agent });
    });
}
