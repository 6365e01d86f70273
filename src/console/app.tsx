import { useEffect, useState } from 'preact/hooks';
import { AgentRun, ApiError, type Installation } from '../client/index.js';
import { forgetToken, readToken } from './api/operator-token.js';
import { causeOf } from './components/problem.js';
import { LoginPage } from './pages/login-page.js';
import { Shell } from './shell.js';

type Login =
  | { readonly state: 'asking' }
  | { readonly state: 'out'; readonly reason: string | null }
  | { readonly state: 'in'; readonly client: AgentRun; readonly installation: Installation };

const RETRY_MS = 3_000;

/** Logged in or not. A manager that does not answer is no reason to log somebody out. */
export function App() {
  const [login, setLogin] = useState<Login>(() =>
    readToken() === null ? { state: 'out', reason: null } : { state: 'asking' },
  );
  const [problem, setProblem] = useState<string | null>(null);
  const logOut = (reason: string | null) => {
    forgetToken();
    setLogin({ state: 'out', reason });
  };
  useEffect(() => {
    const token = readToken();
    if (login.state !== 'asking' || token === null) return;
    const client = new AgentRun({ baseUrl: location.origin, token });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = () => {
      client.installation.facts().then(
        (installation) => setLogin({ state: 'in', client, installation }),
        (error: unknown) => {
          if (error instanceof ApiError && error.failureKind === 'auth-required')
            return logOut('The token that was kept here is not valid any more.');
          setProblem(error instanceof Error ? causeOf(error) : String(error));
          timer = setTimeout(ask, RETRY_MS);
        },
      );
    };
    ask();
    return () => clearTimeout(timer);
  }, [login.state]);
  if (login.state === 'in') return <Shell client={login.client} installation={login.installation} onLogOut={logOut} />;
  if (login.state === 'out')
    return (
      <LoginPage
        reason={login.reason}
        onLogin={(client, installation) => setLogin({ state: 'in', client, installation })}
      />
    );
  return (
    <main class="login">
      <p role="status">{problem === null ? 'Loading…' : `${problem} It is asked again.`}</p>
    </main>
  );
}
