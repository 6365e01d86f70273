import { Option, type Command } from 'commander';
import type { ProfileConfig } from '../../../contract/provider-profile.js';
import { PROFILE_KINDS } from '../../../domain/profiles.js';
import { usageError } from '../../cli-error.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { readInput } from '../../read-input.js';
import { addProfileArgument, profilePath } from './options.js';

interface ConfigOptions {
  readonly file?: string;
  readonly kind?: string;
  readonly json?: boolean;
}

export function addProfileConfig(profile: Command, context: CliContext): void {
  addProfileArgument(profile.command('config'))
    .description('print the configuration file, what looks secret hidden; with --file, replace it')
    .option(
      '--file <path>',
      'the new file (for codex its config.toml, for acp the command of an agent); - reads it from standard input',
    )
    .addOption(new Option('--kind <kind>', 'backend kind of a new profile').choices(PROFILE_KINDS))
    .option('--json', 'as JSON')
    .action((name: string, options: ConfigOptions) => configure(context, name, options));
}

async function configure(context: CliContext, name: string, { file, kind, json = false }: ConfigOptions) {
  if (file === undefined && kind !== undefined) throw usageError('--kind goes with --file');
  const config = file === undefined ? undefined : await readInput(file);
  await reaching(context, async (client) => {
    const path = profilePath(name, '/config');
    const kept =
      config === undefined
        ? await client.get<ProfileConfig>(path)
        : await client.put<ProfileConfig>(path, { config, kind });
    if (config === undefined) tellKept(context, kept, json);
    else tellSet(context, kept, json);
  });
}

function tellKept({ screen }: CliContext, kept: ProfileConfig, json: boolean): void {
  if (json) return screen.data(JSON.stringify(kept));
  if (kept.config === null) return screen.note(`${kept.profile} has no configuration file: set one with --file`);
  screen.raw(kept.config);
  screen.freshLine();
  if (kept.redacted > 0) screen.hint(`hidden in ${kept.redacted === 1 ? 'one place' : `${kept.redacted} places`}`);
}

function tellSet({ screen }: CliContext, kept: ProfileConfig, json: boolean): void {
  if (json) return screen.data(JSON.stringify(kept));
  const { green, dim } = screen.out.colors;
  screen.data(`${green('✓')} ${kept.profile}: configuration set  ${dim(`sha256 ${kept.sha256 ?? ''}`)}`);
}
