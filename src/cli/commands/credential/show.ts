import type { Command } from 'commander';
import type { ToolCredential } from '../../../contract/tool-credential.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { credentialPath, tellCredential } from './credential-lines.js';

export function addCredentialShow(credential: Command, context: CliContext): void {
  credential
    .command('show')
    .description("show a credential's fingerprint and what it trusts, never the key")
    .argument('<name>', 'github-ssh')
    .option('--json', 'the credential as JSON')
    .action((name: string, { json = false }: { json?: boolean }) =>
      reaching(context, async (client) => {
        tellCredential(context, await client.get<ToolCredential>(credentialPath(name)), json);
      }),
    );
}
