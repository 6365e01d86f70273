import type { Command } from 'commander';
import type { TaskRecord } from '../../../contract/task.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { tabSeparated } from '../../table.js';
import { taskWord } from '../../task-words.js';
import { addReaderOption } from '../session/options.js';
import { addTaskIdsArgument, taskPath } from './options.js';

export function addTaskRead(task: Command, context: CliContext): void {
  addTaskIdsArgument(addReaderOption(task.command('read')))
    .description('mark tasks as read')
    .option('--json', 'the tasks as JSON')
    .action((ids: readonly string[], { reader: readerId, json = false }: { reader?: string; json?: boolean }) =>
      reaching(context, async (client) => {
        const tasks: TaskRecord[] = [];
        for (const id of ids) tasks.push(await client.post<TaskRecord>(taskPath(id, 'read'), { readerId }));
        const { screen } = context;
        const { bold } = screen.out.colors;
        if (json) screen.data(JSON.stringify(tasks));
        else if (!screen.out.isTerminal) screen.data(tabSeparated(tasks.map(({ id, state }) => [id, state, 'read'])));
        else for (const one of tasks) screen.data(`${taskWord(one, screen.out.colors)}  ${bold(one.id)}  read`);
      }),
    );
}
