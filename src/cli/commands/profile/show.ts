import type { Command } from 'commander';
import type { ProviderProfile } from '../../../contract/provider-profile.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { table, tabSeparated } from '../../table.js';
import { configWords, credentialWords, readyWord } from './lines.js';
import { addProfileArgument, profilePath } from './options.js';

export function addProfileShow(profile: Command, context: CliContext): void {
  addProfileArgument(profile.command('show'))
    .description('show what is set of a profile, and whether it is ready')
    .option('--json', 'as JSON')
    .action((name: string, { json = false }: { json?: boolean }) =>
      reaching(context, async (client) => {
        const found = await client.get<ProviderProfile>(profilePath(name));
        const { screen } = context;
        if (json) screen.data(JSON.stringify(found));
        else screen.data(screen.out.isTerminal ? pretty(context, found) : tabSeparated(rowsOf(found)));
      }),
    );
}

function rowsOf(profile: ProviderProfile): [name: string, text: string][] {
  return [
    ['profile', profile.profile],
    ['kind', profile.kind],
    ['ready', profile.ready ? 'yes' : 'no'],
    ['config', configWords(profile)],
    ['credential', credentialWords(profile)],
    ...(profile.reason === null ? [] : ([['reason', profile.reason]] as [string, string][])),
  ];
}

function pretty({ screen }: CliContext, profile: ProviderProfile): string {
  const { bold, dim } = screen.out.colors;
  const rows = rowsOf(profile).filter(([name]) => name !== 'profile' && name !== 'ready');
  return [
    `${readyWord(profile, screen.out.colors)}  ${bold(profile.profile)}`,
    table(rows.map(([name, text]) => [`  ${dim(name)}`, text])),
  ].join('\n');
}
