import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface FieldProps {
  readonly label: string;
  readonly hint?: string;
  readonly children: (id: string) => ComponentChildren;
}

export function Field({ label, hint, children }: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(id)}
      {hint !== undefined && <p class="dim hint">{hint}</p>}
    </div>
  );
}

interface TextFieldProps extends Omit<FieldProps, 'children'> {
  readonly value: string;
  readonly onText: (text: string) => void;
  readonly type?: 'text' | 'number';
  readonly min?: number;
  readonly maxLength?: number;
  readonly required?: boolean;
  readonly placeholder?: string;
  readonly list?: string;
}

/** A field of one line. */
export function TextField({ label, hint, onText, type = 'text', ...input }: TextFieldProps) {
  return (
    <Field label={label} hint={hint}>
      {(id) => <input {...input} type={type} id={id} onInput={(event) => onText(event.currentTarget.value)} />}
    </Field>
  );
}
