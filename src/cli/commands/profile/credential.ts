import { Option, type Command } from 'commander';
import type { ProfileCredential, ProfileCredentialWrite } from '../../../contract/provider-profile.js';
import { usageError } from '../../cli-error.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { readInput } from '../../read-input.js';
import { addProfileArgument, profilePath } from './options.js';

interface CredentialOptions {
  readonly apiKeyStdin?: boolean;
  readonly apiKeyEnv?: string;
  readonly authJson?: string;
  readonly json?: boolean;
}

/** The key is never an argument: those stand in the shell's history and in every process list. */
export function addProfileCredential(profile: Command, context: CliContext): void {
  addProfileArgument(profile.command('credential'))
    .description('set the credential with which the profile reaches its provider')
    .addOption(
      new Option('--api-key-stdin', 'read an API key from standard input').conflicts(['apiKeyEnv', 'authJson']),
    )
    .addOption(new Option('--api-key-env <name>', 'take an API key from this variable').conflicts('authJson'))
    .option('--auth-json <file>', "codex's auth.json; - reads it from standard input")
    .option('--json', 'as JSON')
    .action((name: string, options: CredentialOptions) => setCredential(context, name, options));
}

async function setCredential(context: CliContext, name: string, options: CredentialOptions): Promise<void> {
  const credential = await credentialFrom(context, options);
  await reaching(context, async (client) => {
    const kept = await client.put<ProfileCredential>(profilePath(name, '/credential'), credential);
    const { screen } = context;
    if (options.json) {
      screen.data(JSON.stringify(kept));
      return;
    }
    const { green, dim } = screen.out.colors;
    screen.data(`${green('✓')} ${kept.profile}: ${kept.type} set  ${dim(`fingerprint ${kept.fingerprint}`)}`);
    screen.hint(dim(`  ${context.program} profile validate ${kept.profile}   try it`));
  });
}

async function credentialFrom(context: CliContext, options: CredentialOptions): Promise<ProfileCredentialWrite> {
  const { apiKeyStdin, apiKeyEnv, authJson } = options;
  if (authJson !== undefined) return { authJson: await readInput(authJson) };
  if (apiKeyEnv !== undefined) {
    const apiKey = context.environment[apiKeyEnv];
    if (apiKey === undefined || apiKey === '') throw usageError('the variable that --api-key-env names is not set');
    return { apiKey };
  }
  if (!apiKeyStdin) throw usageError('give one of --api-key-stdin, --api-key-env <name> and --auth-json <file>');
  if (process.stdin.isTTY) context.screen.hint('type the key, then Enter and Ctrl-D');
  // A line's end is no part of the key.
  return { apiKey: (await readInput('-')).replace(/\r?\n$/, '') };
}
