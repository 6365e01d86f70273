import { useState } from 'preact/hooks';
import { asError } from '../../domain/as-error.js';
import { Problem } from './problem.js';

interface SecretFormProps {
  readonly label: string;
  /** A key of many lines. */
  readonly isLong?: boolean;
  readonly onSave: (secret: string) => Promise<void>;
}

/** Takes a secret and lets go of it: it is kept nowhere in the page, and no password keeper is asked to remember it. */
export function SecretForm({ label, isLong = false, onSave }: SecretFormProps) {
  const [secret, setSecret] = useState('');
  const [error, setError] = useState<Error | null>(null);
  const save = () => {
    const given = secret;
    setSecret('');
    setError(null);
    onSave(given).catch((problem: unknown) => setError(asError(problem)));
  };
  const field = {
    'aria-label': label,
    placeholder: label,
    required: true,
    autocomplete: 'off',
    spellcheck: false,
    value: secret,
  } as const;
  return (
    <form
      class="secret-form"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      {isLong ? (
        <textarea {...field} rows={4} onInput={(event) => setSecret(event.currentTarget.value)} />
      ) : (
        <input {...field} type="password" onInput={(event) => setSecret(event.currentTarget.value)} />
      )}
      <button type="submit" class="primary" disabled={secret === ''}>
        Save
      </button>
      {error !== null && <Problem error={error} />}
    </form>
  );
}
