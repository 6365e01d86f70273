import { useState } from 'preact/hooks';
import { AgentRun, ApiError, type Installation } from '../../client/index.js';
import { keepToken } from '../api/operator-token.js';
import { Problem } from '../components/problem.js';

interface LoginPageProps {
  /** Why somebody who was logged in is not any more. */
  readonly reason: string | null;
  readonly onLogin: (client: AgentRun, installation: Installation) => void;
}

/** An operator's token is all that it takes. It is sent in a header, and kept in no address. */
export function LoginPage({ reason, onLogin }: LoginPageProps) {
  const [token, setToken] = useState('');
  const [isKept, setKept] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const [isAsking, setAsking] = useState(false);
  const logIn = async () => {
    setAsking(true);
    setError(null);
    const given = token.trim();
    const client = new AgentRun({ baseUrl: location.origin, token: given });
    try {
      const installation = await client.installation.facts();
      keepToken(given, { isKept });
      onLogin(client, installation);
    } catch (problem) {
      setAsking(false);
      const isWrong = problem instanceof ApiError && problem.failureKind === 'auth-required';
      setError(
        isWrong
          ? new Error('This token is not one of an operator.')
          : problem instanceof Error
            ? problem
            : new Error(String(problem)),
      );
    }
  };
  return (
    <main class="login">
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          void logIn();
        }}
      >
        <h1>AgentRun</h1>
        {reason !== null && <p role="status">{reason}</p>}
        <label for="token">Operator token</label>
        <input
          id="token"
          type="password"
          required
          autocomplete="off"
          spellcheck={false}
          value={token}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
        <p class="dim hint">
          The embedded stack made one at its first start: <code>keys/operator-token</code> in its data folder.
        </p>
        <label class="check">
          <input type="checkbox" checked={isKept} onChange={(event) => setKept(event.currentTarget.checked)} />
          Keep it on this device, beyond this tab
        </label>
        {error !== null && <Problem error={error} />}
        <button type="submit" class="primary" disabled={isAsking || token.trim() === ''}>
          {isAsking ? 'Asking…' : 'Log in'}
        </button>
      </form>
    </main>
  );
}
