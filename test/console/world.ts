import { Api, type Loose } from '../support/api.js';
import { openPage, type PageOptions, type WatchedPage } from '../support/browser.js';
import { stopAtEnd } from '../support/shared.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

export interface ConsoleWorld {
  readonly manager: TestManager;
  readonly api: Api;
}

/** Where the console's links go; nobody follows them. */
export const TEMPORAL_UI = 'https://temporal.example/ui';
export const TRACES = 'https://traces.example/trace';

let shared: Promise<ConsoleWorld> | undefined;

/** A manager with its console, one for all of these tests: each has sessions and tasks of its own. */
export async function consoleWorld(): Promise<ConsoleWorld> {
  shared ??= startWorld();
  return shared;
}

async function startWorld(): Promise<ConsoleWorld> {
  const manager = await startTestManager({
    AGENTRUN_TEMPORAL_UI_URL: TEMPORAL_UI,
    AGENTRUN_TRACE_UI_URL: `${TRACES}/{traceId}`,
  });
  stopAtEnd(() => manager.stop());
  return { manager, api: new Api(manager.url, manager.operatorToken) };
}

/** A page of somebody who is logged in already. `url`: of what stands between the browser and the manager. */
export async function openConsole(
  path: string,
  options: PageOptions & { readonly url?: string } = {},
): Promise<WatchedPage> {
  const { manager } = await consoleWorld();
  const watched = await openPage(options);
  await watched.page.addInitScript(
    `sessionStorage.setItem('agentrun.operator-token', ${JSON.stringify(manager.operatorToken)})`,
  );
  await watched.page.goto((options.url ?? manager.url) + path);
  return watched;
}

/** Something for a session on the exec backend to do: its prompt is a shell command line. */
export async function send(sessionId: string, prompt: string): Promise<Loose> {
  const { api } = await consoleWorld();
  const run = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
  return api.post(`/api/v1/sessions/${sessionId}/send`, { prompt, run });
}

/** A run in a session whose runner is the test itself: it says what events there are. */
export async function runByHand(
  sessionId: string,
  prompt = 'work',
): Promise<{ runId: string; commandId: string; say: (events: Loose[]) => Promise<void> }> {
  const { api } = await consoleWorld();
  const run = await api.createRun({ sessionRef: { sessionId } });
  const turn = await api.addTurn(run.id, prompt);
  await api.post(`/api/v1/runs/${run.id}/claim`, { runnerId: `by-hand-${sessionId}`, leaseMs: 3_600_000 });
  await api.post(`/api/v1/commands/${turn.id}/ack`, {});
  const say = async (events: Loose[]) => {
    for (let from = 0; from < events.length; from += 500)
      await api.post(`/api/v1/runs/${run.id}/events`, { events: events.slice(from, from + 500) });
  };
  return { runId: run.id, commandId: turn.id, say };
}
