import type { TaskCreate } from '../../client/index.js';

/** What the form for a new task holds, as it is typed. */
export interface TaskForm {
  readonly prompt: string;
  readonly title: string;
  readonly backendProfile: string;
  readonly tenantId: string;
  readonly projectId: string;
  readonly queue: string;
  readonly workspace: string;
  readonly sessionId: string;
  readonly maxTokens: string;
  readonly maxMinutes: string;
  readonly isDispatched: boolean;
}

export const EMPTY_TASK: TaskForm = {
  prompt: '',
  title: '',
  backendProfile: 'codex',
  tenantId: 'default',
  projectId: 'default',
  queue: 'default',
  workspace: '',
  sessionId: '',
  maxTokens: '',
  maxMinutes: '',
  isDispatched: true,
};

/** The task as the API takes it; what was left empty is left out. Pure. */
export function taskFrom(form: TaskForm): TaskCreate {
  const budget = { maxTokens: numberOf(form.maxTokens), maxWallTimeMs: minutes(form.maxMinutes) };
  return {
    prompt: form.prompt,
    ...given('title', form.title),
    backendProfile: form.backendProfile,
    tenantId: form.tenantId.trim(),
    projectId: form.projectId.trim(),
    ...given('queue', form.queue),
    ...workspaceOf(form.workspace.trim()),
    ...(form.sessionId.trim() === '' ? {} : { sessionRef: { sessionId: form.sessionId.trim() } }),
    ...(budget.maxTokens === undefined && budget.maxWallTimeMs === undefined ? {} : { budget }),
    autoDispatch: form.isDispatched,
  };
}

function given<K extends string>(name: K, text: string): Partial<Record<K, string>> {
  return text.trim() === '' ? {} : ({ [name]: text.trim() } as Record<K, string>);
}

/** `/folder`, or a repository with its branch behind `#`. */
function workspaceOf(text: string): Pick<TaskCreate, 'workspaceRef'> {
  if (text === '') return {};
  if (text.startsWith('/')) return { workspaceRef: { kind: 'path', path: text } };
  const [repoUrl = '', ref] = text.split('#', 2);
  return { workspaceRef: { kind: 'git', repoUrl, ...(ref === undefined || ref === '' ? {} : { ref }) } };
}

function numberOf(text: string): number | undefined {
  const value = Number(text);
  return text.trim() === '' || !Number.isFinite(value) ? undefined : Math.round(value);
}

function minutes(text: string): number | undefined {
  const value = numberOf(text);
  return value === undefined ? undefined : value * 60_000;
}
