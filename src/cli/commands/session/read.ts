import type { Command } from 'commander';
import type { SessionControlled } from '../../../contract/session.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { tabSeparated } from '../../table.js';
import { addReaderOption, addSessionArgument, sessionPath } from './options.js';
import { sessionWord } from './session-words.js';

export function addSessionRead(session: Command, context: CliContext): void {
  addReaderOption(addSessionArgument(session.command('read')))
    .description('mark all that there is now as read')
    .option('--json', 'the answer as JSON')
    .action((id: string, { reader: readerId, json = false }: { reader?: string; json?: boolean }) =>
      reaching(context, async (client) => {
        const read = await client.post<SessionControlled>(sessionPath(id, 'read'), { readerId });
        const { screen } = context;
        if (json) screen.data(JSON.stringify(read));
        else if (!screen.out.isTerminal) screen.data(tabSeparated([[id, read.session.attentionState]]));
        else screen.data(`${sessionWord(read.session, screen.out.colors)}  ${screen.out.colors.bold(id)}  read`);
      }),
    );
}
