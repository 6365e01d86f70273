import { useMemo, useState } from 'preact/hooks';
import { asError } from '../../domain/as-error.js';
import { EMPTY_TASK, taskFrom, type TaskForm } from '../model/task-form.js';
import { useConsole } from './console-context.js';
import { newKey } from './conversation.js';

const KEPT_AS = 'new-task';

export interface TaskFormState {
  readonly form: TaskForm;
  readonly change: (next: Partial<TaskForm>) => void;
  readonly create: () => void;
  readonly isSending: boolean;
  readonly error: Error | null;
}

/** The form for a new task: what was typed stays until the task is made, and what is the same each time stays after that. */
export function useTaskForm(): TaskFormState {
  const { client, go, inbox } = useConsole();
  const [form, setForm] = useState<TaskForm>(() => ({ ...EMPTY_TASK, ...kept() }));
  const [error, setError] = useState<Error | null>(null);
  const [isSending, setSending] = useState(false);
  // The same asked again makes one task; what was changed since is another one.
  const idempotencyKey = useMemo(newKey, [form]);
  const change = (next: Partial<TaskForm>) => {
    const changed = { ...form, ...next };
    sessionStorage.setItem(KEPT_AS, JSON.stringify(changed));
    setForm(changed);
  };
  const create = () => {
    setSending(true);
    setError(null);
    client.tasks.create({ ...taskFrom(form), idempotencyKey }).then(
      ({ id }) => {
        change({ prompt: '', title: '' });
        inbox.refresh();
        go({ page: 'task', id, at: null });
      },
      (problem: unknown) => {
        setSending(false);
        setError(asError(problem));
      },
    );
  };
  return { form, change, create, isSending, error };
}

function kept(): Partial<TaskForm> {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT_AS) ?? '{}') as Partial<TaskForm>;
  } catch {
    return {};
  }
}
