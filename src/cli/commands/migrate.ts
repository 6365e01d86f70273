import type { Command } from 'commander';
import type { CliContext } from '../context.js';

export function addMigrateCommand(program: Command, context: CliContext): void {
  program
    .command('migrate')
    .description('bring the schema of AGENTRUN_DATABASE_URL up to this version')
    .option('--json', 'the names of the migrations that ran')
    .action(async ({ json = false }: { json?: boolean }) => {
      const { migrateDatabase } = await import('../../main/role.js');
      const ran = await migrateDatabase(context.settings());
      if (json) return context.screen.data(JSON.stringify({ migrations: ran }));
      for (const name of ran) context.screen.data(name);
      context.screen.note(ran.length === 0 ? 'the schema was up to date' : `${ran.length} migrations ran`);
    });
}
