import type { Command } from 'commander';
import type { ToolCredential, ToolCredentialList } from '../../../contract/tool-credential.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import type { Output } from '../../output.js';
import { table, tabSeparated } from '../../table.js';
import { CREDENTIALS_PATH, plainRow, tableRow } from './credential-lines.js';

export function addCredentialList(credential: Command, context: CliContext): void {
  credential
    .command('list')
    .description('list what git and agents may be lent, set or not')
    .option('--json', 'the credentials as JSON')
    .action(({ json = false }: { json?: boolean }) =>
      reaching(context, async (client) => {
        const { items } = await client.get<ToolCredentialList>(CREDENTIALS_PATH);
        const { screen } = context;
        screen.data(json ? JSON.stringify(items) : lines(items, screen.out));
      }),
    );
}

function lines(items: readonly ToolCredential[], { isTerminal, colors }: Output): string {
  if (!isTerminal) return tabSeparated(items.map(plainRow));
  const header = ['NAME', 'KEY', 'FINGERPRINT', 'COMMENT', 'CHANGED'].map((name) => colors.dim(name));
  return table([header, ...items.map((item) => tableRow(item, colors))]);
}
