import type { Command } from 'commander';
import type { ToolCredential } from '../../../contract/tool-credential.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { credentialPath, tellCredential } from './credential-lines.js';

export function addCredentialRemove(credential: Command, context: CliContext): void {
  credential
    .command('remove')
    .description('forget a credential; runners that have it keep it until their attempt ends')
    .argument('<name>', 'github-ssh')
    .option('--json', 'the credential as JSON, as it is afterwards')
    .action((name: string, { json = false }: { json?: boolean }) =>
      reaching(context, async (client) => {
        tellCredential(context, await client.delete<ToolCredential>(credentialPath(name)), json);
      }),
    );
}
