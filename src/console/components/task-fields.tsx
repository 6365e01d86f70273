import type { BackendProfile, QueueRecord } from '../../client/index.js';
import type { TaskForm } from '../model/task-form.js';
import { Field, TextField } from './field.js';

interface FieldsProps {
  readonly form: TaskForm;
  readonly change: (next: Partial<TaskForm>) => void;
}

/** What is to be done, and by what. */
export function WhatFields({ form, change, backends }: FieldsProps & { readonly backends: readonly BackendProfile[] }) {
  const chosen = backends.find(({ name }) => name === form.backendProfile);
  const promptHint =
    form.backendProfile === 'exec'
      ? 'A shell command line, run in the workspace.'
      : 'The prompt, as the agent gets it.';
  return (
    <>
      <Field label="What it is to do" hint={promptHint}>
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
        <TextField label="Title" maxLength={300} value={form.title} onText={(title) => change({ title })} />
        <Field label="Backend" hint={chosen?.ready === false ? `Not ready: ${chosen.reason ?? ''}` : undefined}>
          {(id) => (
            <select
              id={id}
              value={form.backendProfile}
              onChange={(event) => change({ backendProfile: event.currentTarget.value })}
            >
              {backends.map(({ name, ready }) => (
                <option key={name} value={name}>
                  {name}
                  {ready ? '' : ' (not ready)'}
                </option>
              ))}
              {chosen === undefined && <option value={form.backendProfile}>{form.backendProfile}</option>}
            </select>
          )}
        </Field>
      </div>
    </>
  );
}

/** Whose work it is, and where it is done. */
export function WhereFields({ form, change, queues }: FieldsProps & { readonly queues: readonly QueueRecord[] }) {
  return (
    <>
      <div class="form-row">
        <TextField label="Tenant" required value={form.tenantId} onText={(tenantId) => change({ tenantId })} />
        <TextField label="Project" required value={form.projectId} onText={(projectId) => change({ projectId })} />
        <TextField label="Queue" list="queue-names" value={form.queue} onText={(queue) => change({ queue })} />
        <datalist id="queue-names">
          {queues.map(({ name }) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </div>
      <TextField
        label="Repository or folder"
        hint="A git URL is cloned; a path beginning with / is used where it is; empty: an empty folder."
        placeholder="https://git.example.org/team/project.git#branch"
        value={form.workspace}
        onText={(workspace) => change({ workspace })}
      />
    </>
  );
}

/** How far it may go, and when it begins. */
export function LimitFields({ form, change }: FieldsProps) {
  return (
    <>
      <div class="form-row">
        <TextField
          label="Session"
          hint="Takes a turn of this session; empty: outside of sessions."
          value={form.sessionId}
          onText={(sessionId) => change({ sessionId })}
        />
        <TextField
          label="Tokens at most"
          type="number"
          min={1}
          value={form.maxTokens}
          onText={(maxTokens) => change({ maxTokens })}
        />
        <TextField
          label="Minutes at most"
          type="number"
          min={1}
          value={form.maxMinutes}
          onText={(maxMinutes) => change({ maxMinutes })}
        />
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={form.isDispatched}
          onChange={(event) => change({ isDispatched: event.currentTarget.checked })}
        />
        Begin as soon as its queue has a slot
      </label>
    </>
  );
}
