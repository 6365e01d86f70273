import type { Command } from 'commander';
import type { ProviderProfile, ProviderProfileList } from '../../../contract/provider-profile.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import type { Output } from '../../output.js';
import { table, tabSeparated } from '../../table.js';
import { readyWord } from './lines.js';

export function addProfileList(profile: Command, context: CliContext): void {
  profile
    .command('list')
    .description('list the backend profiles that are kept, and whether each is ready')
    .option('--json', 'as JSON')
    .action(({ json = false }: { json?: boolean }) =>
      reaching(context, async (client) => {
        const { items } = await client.get<ProviderProfileList>('/api/v1/provider-profiles');
        const { out } = context.screen;
        if (json) context.screen.data(JSON.stringify(items));
        else context.screen.data(out.isTerminal ? asTable(items, out) : tabSeparated(items.map(plainRow)));
      }),
    );
}

function asTable(items: readonly ProviderProfile[], out: Output): string {
  const { dim } = out.colors;
  const header = ['PROFILE', 'KIND', 'STATE', 'CONFIG', 'CREDENTIAL', ''].map((name) => dim(name));
  const rows = items.map((item) => [
    item.profile,
    item.kind,
    readyWord(item, out.colors),
    item.config.sha256?.slice(0, 12) ?? '-',
    item.credential.type ?? '-',
    dim(item.reason ?? ''),
  ]);
  return table([header, ...rows]);
}

function plainRow({ profile, kind, configured, ready, config, credential, reason }: ProviderProfile) {
  const state = ready ? 'ready' : configured ? 'not ready' : 'not set';
  return [profile, kind, state, config.sha256, credential.type, credential.fingerprint, reason];
}
