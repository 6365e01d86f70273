import { useConsole } from '../api/console-context.js';
import { usePoll } from '../api/use-poll.js';
import { useTaskForm } from '../api/use-task-form.js';
import { CopyMenu } from '../components/copy-menu.js';
import { PageHead } from '../components/page-head.js';
import { Problem } from '../components/problem.js';
import { LimitFields, WhatFields, WhereFields } from '../components/task-fields.js';
import { cliFor } from '../model/cli-words.js';

/** What an agent is to do. */
export function NewTaskPage() {
  const { client } = useConsole();
  const { form, change, create, isSending, error } = useTaskForm();
  const backends = usePoll(async () => (await client.installation.backends()).items, 60_000, [client]);
  const queues = usePoll(async () => (await client.queues.list()).items, 60_000, [client]);
  return (
    <div class="page page-form">
      <PageHead title="New task" actions={<CopyMenu commands={cliFor({ page: 'new-task' })} />} />
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          create();
        }}
      >
        <WhatFields form={form} change={change} backends={backends.data ?? []} />
        <WhereFields form={form} change={change} queues={queues.data ?? []} />
        <LimitFields form={form} change={change} />
        {error !== null && <Problem error={error} />}
        <div class="actions">
          <button type="submit" class="primary" disabled={isSending}>
            {isSending ? 'Creating…' : 'Create task'}
          </button>
        </div>
      </form>
    </div>
  );
}
