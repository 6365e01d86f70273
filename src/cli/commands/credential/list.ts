import type { Command } from 'commander';
import type { ToolCredentialList } from '../../../contract/tool-credential.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
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
        if (json) return screen.data(JSON.stringify(items));
        const { out } = screen;
        if (!out.isTerminal) return screen.data(tabSeparated(items.map(plainRow)));
        const header = ['NAME', 'KEY', 'FINGERPRINT', 'COMMENT', 'CHANGED'].map((name) => out.colors.dim(name));
        screen.data(table([header, ...items.map((item) => tableRow(item, out.colors))]));
      }),
    );
}
