import type { Command } from 'commander';
import type { ProfileRemoved } from '../../../contract/provider-profile.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { addProfileArgument, profilePath } from './options.js';

export function addProfileRemove(profile: Command, context: CliContext): void {
  addProfileArgument(profile.command('remove'))
    .description('take away a profile, its configuration and its credential')
    .option('--json', 'as JSON')
    .action((name: string, { json = false }: { json?: boolean }) =>
      reaching(context, async (client) => {
        const { profile: removedName, removed } = await client.delete<ProfileRemoved>(profilePath(name));
        const { screen } = context;
        const { green, dim } = screen.out.colors;
        if (json) screen.data(JSON.stringify({ profile: removedName, removed }));
        else if (removed.length === 0) screen.data(dim(`${removedName}: there was nothing to remove`));
        else screen.data(`${green('✓')} ${removedName}: removed ${removed.join(' and ')}`);
      }),
    );
}
