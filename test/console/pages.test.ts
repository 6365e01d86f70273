import assert from 'node:assert/strict';
import { eventually } from '../support/api.js';
import { seriousFaults } from './serious-faults.js';
import { consoleWorld, openConsole, runByHand, send, TEMPORAL_UI, TRACES } from './world.js';

describe('the console, page by page', function () {
  this.timeout(300_000);
  let runId = '';
  let taskId = '';

  before(async () => {
    const { api } = await consoleWorld();
    ({
      run: { id: runId },
    } = await send('looked-at', 'printf "\\033[32mgreen\\033[0m and plain\\n"; exit 3'));
    await send('working', 'echo at work; read x');
    const task = {
      tenantId: 'acme',
      projectId: 'shop',
      backendProfile: 'exec',
      title: 'Fails',
      prompt: 'echo no; exit 1',
      autoDispatch: true,
    };
    ({ id: taskId } = await api.post('/api/v1/queue/tasks', task));
    await eventually(
      async () => api.get(`/api/v1/queue/tasks/${taskId}`),
      ({ state }) => state === 'failed',
    );
  });

  it('makes a task from the page and shows it to its end', async () => {
    const { page, complaints } = await openConsole('/');
    await page.getByRole('link', { name: 'New task' }).first().click();
    await page.getByLabel('What it is to do').fill('echo made in a browser');
    await page.getByLabel('Title').fill('From the page');
    await page.getByLabel('Backend').selectOption('exec');
    await page.getByRole('button', { name: 'Create task' }).click();
    await page.getByRole('heading', { name: 'From the page' }).waitFor();
    await page.getByText('Done', { exact: true }).first().waitFor();
    await page.getByRole('log').getByText('made in a browser', { exact: true }).waitFor();
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('makes one task where its answer was lost and it is asked for again', async () => {
    const { api } = await consoleWorld();
    const { page } = await openConsole('/tasks/new');
    await page.getByLabel('What it is to do').fill('echo once');
    await page.getByRole('combobox', { name: 'Queue' }).fill('asked-again');
    await page.getByLabel('Backend').selectOption('exec');
    await page.route('**/api/v1/queue/tasks', async (route) => {
      await route.fetch();
      await route.abort();
    });
    await page.getByRole('button', { name: 'Create task' }).click();
    await page.getByRole('alert').waitFor();
    await page.unroute('**/api/v1/queue/tasks');
    await page.getByRole('button', { name: 'Create task' }).click();
    await page.waitForURL(/\/tasks\/task_\w+$/);
    const { items } = await api.get('/api/v1/queue/tasks?queue=asked-again');
    assert.deepEqual(
      items.map(({ id }: { id: string }) => id),
      [page.url().split('/').at(-1)],
    );
    await page.close();
  });

  it('says in the inbox why each row is there, and filters by what the address says', async () => {
    const { page } = await openConsole('/');
    const failed = page.locator(`[data-key="${taskId}"]`);
    await failed.getByText('the command ended with exit code 1').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('working');
    await page.waitForURL('**/?q=working');
    await failed.waitFor({ state: 'detached' });
    await page.reload();
    await page.locator('[data-key="working"]').waitFor();
    assert.equal(await page.getByRole('searchbox').inputValue(), 'working');
    assert.match(await page.title(), /^\(\d+\) Inbox · AgentRun$/);
    await page.keyboard.press('o');
    await page.getByRole('heading', { name: 'working' }).waitFor();
    await page.close();
  });

  it('shows what needs somebody however much was active since, and says where that is more than it shows', async () => {
    const { api } = await consoleWorld();
    const { runId, commandId } = await runByHand('asks-since-long');
    await api.patch(`/api/v1/commands/${commandId}/status`, { terminalStatus: 'blocked' });
    await api.post(`/api/v1/runs/${runId}/cancel`);
    await api.post('/api/v1/sessions/asks-since-long/read', { readerId: 'web:operator-1' });
    const owner = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
    for (let n = 0; n < 100; n += 1) await api.post('/api/v1/sessions', { sessionId: `since-${n}`, ...owner });
    const { page } = await openConsole('/?show=needs-you');
    const section = page.getByRole('region', { name: 'Needs you' });
    await section.locator('[data-key="asks-since-long"]').waitFor();
    assert.equal(await section.getByText('More need you').count(), 0);
    await page.route('**/api/v1/sessions?*state=needs-attention*', async (route) => {
      const { data, ...envelope } = await (await route.fetch()).json();
      await route.fulfill({ json: { ...envelope, data: { ...data, nextCursor: 'more' } } });
    });
    await section.getByText('More need you').waitFor();
    await section.getByRole('heading', { name: /\d+\+$/ }).waitFor();
    assert.match(await page.title(), /^\(\d+\+\) Inbox/);
    await page.close();
  });

  it('marks as read what somebody has seen', async () => {
    const { api } = await consoleWorld();
    await send('to-be-read', 'echo read me');
    const unread = async () => (await api.get('/api/v1/sessions/to-be-read?readerId=web:operator-1')).unread;
    await eventually(unread, (is) => is === true);
    const { page } = await openConsole('/sessions/to-be-read');
    await page.getByRole('log').getByText('read me', { exact: true }).waitFor();
    await eventually(unread, (is) => is === false);
    await page.close();
  });

  it('links sessions, runs and tasks to their workflows and traces, and a refusal to its own', async () => {
    const { api, manager } = await consoleWorld();
    const refusal = 'trc_4bf92f3577b34da6a3ce929d0e0e4736';
    const run = await api.get(`/api/v1/runs/${runId}`);
    const task = await api.get(`/api/v1/queue/tasks/${taskId}`);
    assert.match(run.traceId, /^trc_[0-9a-f]{32}$/);
    const { page, complaints } = await openConsole('/');
    const linkOf = async (path: string, name: string) => {
      await page.goto(new URL(path, page.url()).href);
      return page.getByRole('link', { name }).getAttribute('href');
    };
    const workflow = (id: string) =>
      `${TEMPORAL_UI}/namespaces/${manager.temporal.namespace}/workflows/${encodeURIComponent(id)}`;
    assert.equal(await linkOf('/sessions/looked-at', 'Temporal'), workflow('session:looked-at'));
    assert.equal(await linkOf(`/runs/${runId}`, 'Temporal'), workflow('session:looked-at'));
    assert.equal(await linkOf(`/runs/${runId}`, run.traceId), `${TRACES}/${run.traceId.slice(4)}`);
    assert.equal(await linkOf(`/tasks/${taskId}`, 'Temporal'), workflow(`task:${taskId}`));
    assert.equal(await linkOf(`/tasks/${taskId}`, task.traceId), `${TRACES}/${task.traceId.slice(4)}`);
    await page.route('**/api/v1/sessions/not-there?*', (route) =>
      route.continue({ headers: { ...route.request().headers(), 'x-trace-id': refusal } }),
    );
    assert.equal(await linkOf('/sessions/not-there', refusal), `${TRACES}/${refusal.slice(4)}`);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  for (const scheme of ['light', 'dark'] as const) {
    it(`has no serious fault of accessibility, in ${scheme}`, async () => {
      const paths = [
        '/',
        '/sessions/looked-at',
        '/sessions/working',
        `/runs/${runId}`,
        `/runs/${runId}?view=timeline`,
        `/tasks/${taskId}`,
        '/tasks/new',
        '/queues',
        '/profiles',
        '/status',
      ];
      for (const path of paths) {
        const { page, complaints } = await openConsole(path, { scheme });
        await page.locator('main h1').first().waitFor({ state: 'attached' });
        await page.getByText('Loading…').first().waitFor({ state: 'detached' });
        assert.deepEqual(await seriousFaults(page), [], path);
        assert.deepEqual(complaints, [], path);
        await page.close();
      }
    });
  }
});
