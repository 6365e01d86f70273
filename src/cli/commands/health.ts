import type { Command } from 'commander';
import type { Health } from '../../contract/health.js';
import { reaching } from '../connect.js';
import type { CliContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { tabSeparated, table } from '../table.js';

export function addHealthCommand(program: Command, context: CliContext): void {
  program
    .command('health')
    .description('show how the manager and the parts it needs are')
    .option('--json', 'the whole report')
    .action(async ({ json = false }: { json?: boolean }) => {
      const health = await reaching(context, (client) => client.get<Health>('/health'));
      context.exitCode = health.ready ? EXIT.ok : EXIT.error;
      context.screen.data(json ? JSON.stringify(health) : lines(context, health));
    });
}

function lines({ screen }: CliContext, health: Health): string {
  const { green, red, dim } = screen.out.colors;
  const { database, temporal, platform, runnerWorkReady: work } = health;
  const parts: [name: string, ready: boolean, about: string][] = [
    ['manager', health.ready, `commit ${health.sourceCommit}`],
    ['database', database.ready, database.message ?? database.adapter],
    ['temporal', temporal.ready, temporal.message ?? ''],
    ['platform', platform.ready, platform.message ?? platform.kind],
    ...Object.entries({ ...work.tools, ...work.backends }).map(([name, ready]): [string, boolean, string] => [
      name,
      ready,
      name in work.backends ? 'backend' : 'tool',
    ]),
  ];
  if (!screen.out.isTerminal) {
    return tabSeparated(parts.map(([name, ready, about]) => [name, ready ? 'ready' : 'not ready', about]));
  }
  const word = (ready: boolean) => (ready ? green('✓ ready') : red('✕ not ready'));
  return table(parts.map(([name, ready, about]) => [name, word(ready), dim(about)]));
}
