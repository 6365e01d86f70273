import type { Command } from 'commander';
import type { ToolCredential, ToolCredentialWrite } from '../../../contract/tool-credential.js';
import { usageError } from '../../cli-error.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { readInput } from '../../read-input.js';
import { credentialPath, tellCredential } from './credential-lines.js';

interface SetOptions {
  readonly keyFile: string;
  readonly knownHosts?: string;
  readonly json?: boolean;
}

export function addCredentialSet(credential: Command, context: CliContext): void {
  credential
    .command('set')
    .description('set the ssh key that repositories are cloned with, in the place of the one before')
    .argument('<name>', 'github-ssh')
    .requiredOption('--key-file <file>', 'the private key, without a passphrase; - reads it from standard input')
    .option('--known-hosts <file>', 'the hosts it may be shown to; without it github.com and no other')
    .option('--json', 'the credential as JSON')
    .action((name: string, options: SetOptions) => set(context, name, options));
}

async function set(
  context: CliContext,
  name: string,
  { keyFile, knownHosts, json = false }: SetOptions,
): Promise<void> {
  if (keyFile === '-' && knownHosts === '-')
    throw usageError('standard input holds the key: give known hosts as a file');
  const body: ToolCredentialWrite = {
    privateKey: await readInput(keyFile),
    knownHosts: knownHosts === undefined ? null : await readInput(knownHosts),
  };
  await reaching(context, async (client) => {
    tellCredential(context, await client.put<ToolCredential>(`${credentialPath(name)}/credential`, body), json);
  });
}
