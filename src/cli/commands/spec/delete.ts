import type { Command } from 'commander';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { tabSeparated } from '../../table.js';
import { addSpecNameArgument, specPath } from './options.js';

interface Deleted {
  readonly name: string;
  readonly version: number;
}

export function addSpecDelete(spec: Command, context: CliContext): void {
  addSpecNameArgument(spec.command('delete'))
    .description('delete a spec; its versions can still be read by number')
    .option('--json', 'what was answered as JSON')
    .action((name: string, { json }: { json?: boolean }) =>
      reaching(context, async (client) => {
        const deleted = await client.delete<Deleted>(specPath(name));
        const { screen } = context;
        if (json) screen.data(JSON.stringify(deleted));
        else if (screen.out.isTerminal) screen.data(`⊘ deleted  ${deleted.name}, last version ${deleted.version}`);
        else screen.data(tabSeparated([[deleted.name, deleted.version, 'deleted']]));
      }),
    );
}
