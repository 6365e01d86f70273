import { useState } from 'preact/hooks';
import type { TaskCreate } from '../../client/index.js';
import { useConsole } from '../api/console-context.js';
import { usePoll } from '../api/use-poll.js';
import { CopyMenu } from '../components/copy-menu.js';
import { Field } from '../components/field.js';
import { PageHead } from '../components/page-head.js';
import { Problem } from '../components/problem.js';
import { cliFor } from '../model/cli-words.js';
import { EMPTY_TASK, taskFrom, type TaskForm } from '../model/task-form.js';

const FORM_KEY = 'new-task';

/** What an agent is to do. What was typed stays until the task is made. */
export function NewTaskPage() {
  const { client, go, inbox } = useConsole();
  const [form, setForm] = useState<TaskForm>(() => ({
    ...EMPTY_TASK,
    ...(JSON.parse(sessionStorage.getItem(FORM_KEY) ?? '{}') as Partial<TaskForm>),
  }));
  const [error, setError] = useState<Error | null>(null);
  const [isSending, setSending] = useState(false);
  const backends = usePoll(async () => (await client.installation.backends()).items, 60_000, [client]);
  const queues = usePoll(async () => (await client.queues.list()).items, 60_000, [client]);
  const change = (next: Partial<TaskForm>) => {
    const changed = { ...form, ...next };
    sessionStorage.setItem(FORM_KEY, JSON.stringify(changed));
    setForm(changed);
  };
  const create = (task: TaskCreate) => {
    setSending(true);
    setError(null);
    client.tasks.create(task).then(
      ({ id }) => {
        sessionStorage.setItem(FORM_KEY, JSON.stringify({ ...form, prompt: '', title: '' }));
        inbox.refresh();
        go({ page: 'task', id, at: null });
      },
      (problem: unknown) => {
        setSending(false);
        setError(problem instanceof Error ? problem : new Error(String(problem)));
      },
    );
  };
  const chosen = backends.data?.find(({ name }) => name === form.backendProfile);
  return (
    <div class="page page-form">
      <PageHead title="New task" actions={<CopyMenu commands={cliFor({ page: 'new-task' })} />} />
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          create(taskFrom(form));
        }}
      >
        <Field
          label="What it is to do"
          hint={
            form.backendProfile === 'exec'
              ? 'A shell command line, run in the workspace.'
              : 'The prompt, as the agent gets it.'
          }
        >
          {(id) => (
            <textarea
              id={id}
              rows={6}
              required
              value={form.prompt}
              onInput={(event) => change({ prompt: event.currentTarget.value })}
            />
          )}
        </Field>
        <div class="form-row">
          <Field label="Title">
            {(id) => (
              <input
                id={id}
                maxLength={300}
                value={form.title}
                onInput={(event) => change({ title: event.currentTarget.value })}
              />
            )}
          </Field>
          <Field
            label="Backend"
            hint={chosen !== undefined && !chosen.ready ? `Not ready: ${chosen.reason ?? ''}` : undefined}
          >
            {(id) => (
              <select
                id={id}
                value={form.backendProfile}
                onChange={(event) => change({ backendProfile: event.currentTarget.value })}
              >
                {(backends.data ?? []).map(({ name, ready }) => (
                  <option key={name} value={name}>
                    {name}
                    {ready ? '' : ' (not ready)'}
                  </option>
                ))}
                {backends.data?.some(({ name }) => name === form.backendProfile) !== true && (
                  <option value={form.backendProfile}>{form.backendProfile}</option>
                )}
              </select>
            )}
          </Field>
        </div>
        <div class="form-row">
          <Field label="Tenant">
            {(id) => (
              <input
                id={id}
                required
                value={form.tenantId}
                onInput={(event) => change({ tenantId: event.currentTarget.value })}
              />
            )}
          </Field>
          <Field label="Project">
            {(id) => (
              <input
                id={id}
                required
                value={form.projectId}
                onInput={(event) => change({ projectId: event.currentTarget.value })}
              />
            )}
          </Field>
          <Field label="Queue">
            {(id) => (
              <>
                <input
                  id={id}
                  list="queue-names"
                  value={form.queue}
                  onInput={(event) => change({ queue: event.currentTarget.value })}
                />
                <datalist id="queue-names">
                  {(queues.data ?? []).map(({ name }) => (
                    <option key={name} value={name} />
                  ))}
                </datalist>
              </>
            )}
          </Field>
        </div>
        <Field
          label="Repository or folder"
          hint="A git URL is cloned; a path beginning with / is used where it is; empty: an empty folder."
        >
          {(id) => (
            <input
              id={id}
              value={form.workspace}
              placeholder="https://git.example.org/team/project.git#branch"
              onInput={(event) => change({ workspace: event.currentTarget.value })}
            />
          )}
        </Field>
        <div class="form-row">
          <Field label="Session" hint="Takes a turn of this session; empty: outside of sessions.">
            {(id) => (
              <input
                id={id}
                value={form.sessionId}
                onInput={(event) => change({ sessionId: event.currentTarget.value })}
              />
            )}
          </Field>
          <Field label="Tokens at most">
            {(id) => (
              <input
                id={id}
                type="number"
                min={1}
                value={form.maxTokens}
                onInput={(event) => change({ maxTokens: event.currentTarget.value })}
              />
            )}
          </Field>
          <Field label="Minutes at most">
            {(id) => (
              <input
                id={id}
                type="number"
                min={1}
                value={form.maxMinutes}
                onInput={(event) => change({ maxMinutes: event.currentTarget.value })}
              />
            )}
          </Field>
        </div>
        <label class="check">
          <input
            type="checkbox"
            checked={form.isDispatched}
            onChange={(event) => change({ isDispatched: event.currentTarget.checked })}
          />
          Begin as soon as its queue has a slot
        </label>
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
