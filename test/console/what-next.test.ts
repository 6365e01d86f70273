import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { eventually } from '../support/api.js';
import { seriousFaults } from './serious-faults.js';
import { consoleWorld, openConsole, runByHand } from './world.js';

const ASKS = 'the agent asks for approval to run: touch /usr/local/x';

describe('what can be done next, in the console', function () {
  this.timeout(90_000);

  it('is told at the end of a run’s timeline, and done from there', async () => {
    const { api } = await consoleWorld();
    const run = await api.createRun({ endsWithTurn: true });
    await api.addTurn(run.id, 'echo no; exit 4');
    await api.post(`/api/v1/runs/${run.id}/runner-jobs`, {});
    await eventually(
      async () => api.get(`/api/v1/runs/${run.id}`),
      ({ status }) => status === 'failed',
    );
    const { page, complaints } = await openConsole(`/runs/${run.id}`);
    await page.getByRole('link', { name: 'Timeline' }).click();
    const timeline = page.getByRole('region', { name: 'Timeline' });
    await timeline.getByRole('heading', { name: 'Attempt 1' }).waitFor();
    await timeline.getByText('claimed the run').waitFor();
    await timeline.getByText(/The run failed: the command ended with exit code 4/).waitFor();
    assert.match(page.url(), /\?view=timeline$/);
    await timeline
      .getByRole('link', { name: /^Event e\d+$/ })
      .first()
      .click();
    await page.waitForURL(/\/runs\/run_\w+#e\d+$/);
    await page.goBack();
    await timeline.getByRole('button', { name: 'Start it again…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Start it again' });
    assert.deepEqual(await seriousFaults(page), []);
    assert.equal(await dialog.getByLabel('What it is told').inputValue(), 'echo no; exit 4');
    await dialog.getByLabel('What it is told').fill('echo better');
    await dialog.getByRole('button', { name: 'Start it' }).click();
    await page.getByRole('log').getByText('better', { exact: true }).waitFor();
    await page.getByText('Done', { exact: true }).first().waitFor();
    assert.ok(!page.url().includes(run.id));
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('is to allow what an agent asks for, in its session and under a policy that says so', async () => {
    const { api } = await consoleWorld();
    const { runId, commandId, say } = await runByHand('asks-for-rights', 'touch it');
    const message = ASKS;
    await say([{ type: 'backend_status', payload: { phase: 'needs-input', message, commandId } }]);
    const end = { terminalStatus: 'blocked', failureMessage: ASKS };
    await api.ok('PATCH', `/api/v1/commands/${commandId}/status`, end);
    const { page, complaints } = await openConsole('/sessions/asks-for-rights');
    const note = page.getByRole('note');
    await note.getByText(ASKS).waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    await note.getByRole('button', { name: 'Allow it…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Start it with more rights' });
    assert.equal(await dialog.getByLabel('Sandbox').inputValue(), 'full-access');
    await dialog.getByLabel('What it is told').fill('echo allowed');
    await dialog.getByRole('button', { name: 'Start it' }).click();
    await api.ok('PATCH', `/api/v1/runs/${runId}/status`, { terminalStatus: 'cancelled' });
    await page.getByRole('log').getByText('allowed', { exact: true }).waitFor();
    const session = await api.get('/api/v1/sessions/asks-for-rights');
    const next = await api.get(`/api/v1/runs/${session.activeRunId ?? session.lastRunId}`);
    assert.notEqual(next.id, runId);
    assert.equal(next.executionPolicy.sandbox, 'full-access');
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('is said in the run’s transcript, where its timeline is what is looked at', async () => {
    const { api } = await consoleWorld();
    const run = await api.createRun();
    await api.addTurn(run.id, 'echo once');
    await api.post(`/api/v1/runs/${run.id}/runner-jobs`, {});
    const { page, complaints } = await openConsole(`/runs/${run.id}?view=timeline`);
    await page.getByRole('button', { name: 'Say what comes next' }).click();
    await page.waitForURL(/\/runs\/run_\w+$/);
    await page.keyboard.type('echo twice');
    await page.keyboard.press('Enter');
    await page.getByRole('log').getByText('twice', { exact: true }).waitFor();
    await api.ok('PATCH', `/api/v1/runs/${run.id}/status`, { terminalStatus: 'completed' });
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('may be asked for otherwise after it could not be started', async () => {
    const { api } = await consoleWorld();
    const run = await api.createRun({ endsWithTurn: true });
    await api.ok('PATCH', `/api/v1/runs/${run.id}/status`, { terminalStatus: 'failed' });
    const { page } = await openConsole(`/runs/${run.id}?view=timeline`);
    const refusal = { ok: false, failureKind: 'conflict', message: 'not now', traceId: null, details: null };
    const commands = '**/api/v1/runs/*/commands';
    await page.route(commands, (route) =>
      route.request().method() === 'POST' ? route.fulfill({ status: 409, json: refusal }) : route.fallback(),
    );
    await page.getByRole('region', { name: 'Timeline' }).getByRole('button', { name: 'Start it again…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Start it again' });
    await dialog.getByLabel('What it is told').fill('echo at last');
    await dialog.getByRole('button', { name: 'Start it' }).click();
    await dialog.getByRole('alert').waitFor();
    await page.unroute(commands);
    await dialog.getByLabel('Minutes without a sign').fill('7');
    await dialog.getByRole('button', { name: 'Start it' }).click();
    await page.getByRole('log').getByText('at last', { exact: true }).waitFor();
    const id = page.url().split('/').at(-1) ?? '';
    assert.equal((await api.get(`/api/v1/runs/${id}`)).executionPolicy.idleTimeoutMs, 420_000);
    await page.close();
  });

  it('is asked for once, however often its button is pressed meanwhile', async () => {
    const { api } = await consoleWorld();
    const { runId } = await runByHand('too-long');
    await api.ok('PATCH', `/api/v1/runs/${runId}/status`, {
      terminalStatus: 'failed',
      failureKind: 'context-overflow',
    });
    const { page } = await openConsole('/sessions/too-long');
    let asked = 0;
    page.on('request', (request) => {
      if (request.method() === 'POST' && request.url().endsWith('/api/v1/sessions')) asked++;
    });
    await page.getByRole('note').getByRole('button', { name: 'Begin a new session' }).dblclick();
    await page.waitForURL(/\/sessions\/(?!too-long)/);
    assert.equal(asked, 1);
    await page.close();
  });
});

describe('several rows of the inbox', function () {
  this.timeout(90_000);

  it('are chosen by keys and mouse, and what could not be done with one is told beside what was', async () => {
    const { api } = await consoleWorld();
    await api.ok('PUT', '/api/v1/queue/queues/bulk', { maxPending: 1 });
    const task = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec', queue: 'bulk', prompt: 'exit 1' };
    const ids: string[] = [];
    for (const title of ['Bulk one', 'Bulk two']) {
      const { id } = await api.post('/api/v1/queue/tasks', { ...task, title, autoDispatch: true });
      ids.push(id);
      await eventually(
        async () => api.get(`/api/v1/queue/tasks/${id}`),
        ({ state }) => state === 'failed',
      );
    }
    await api.ok('PUT', '/api/v1/queue/queues/bulk', { paused: true });
    const { page, complaints } = await openConsole('/?q=Bulk');
    await page.locator(`[data-key="${ids[1]}"]`).waitFor();
    await page.keyboard.press('x');
    await page.getByText('1 row chosen').waitFor();
    await page.getByRole('checkbox', { name: 'Choose Bulk one' }).check();
    await page.getByRole('button', { name: 'Mark read (2)' }).waitFor();
    await page.getByRole('button', { name: 'Try again (2)' }).click();
    const outcome = page.getByRole('alert');
    await outcome.getByText('1 of 2 tried again').waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    assert.match((await outcome.textContent()) ?? '', /Bulk (one|two): .*bulk.*/);
    await page.getByText('1 row chosen').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('*');
    await page.getByRole('button', { name: 'Cancel… (1)' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel 1' }).click();
    await page.getByText('1 row cancelled', { exact: true }).waitFor();
    const states = await Promise.all(ids.map(async (id) => (await api.get(`/api/v1/queue/tasks/${id}`)).state));
    assert.deepEqual(states.sort(), ['cancelled', 'failed']);
    assert.deepEqual(complaints, []);
    await page.close();
  });
});

describe('tabs of one browser', function () {
  this.timeout(90_000);

  it('hold one stream together, that of the tab that was looked at last, and none misses an event', async () => {
    const [one, other] = await Promise.all([runByHand('tab-one'), runByHand('tab-other')]);
    const open = new Set<object>();
    const pages: Page[] = [];
    for (const session of ['tab-one', 'tab-other']) {
      const { page } = await openConsole(`/sessions/${session}`);
      const isStream = (request: { url(): string }) => request.url().includes('/events/stream');
      page.on('request', (request) => isStream(request) && open.add(request));
      page.on('requestfailed', (request) => open.delete(request));
      page.on('requestfinished', (request) => open.delete(request));
      await page.reload();
      await page.getByRole('log').waitFor();
      pages.push(page);
    }
    const tell = async (text: string) => {
      for (const { say, commandId } of [one, other])
        await say([{ type: 'assistant_message', payload: { text, itemId: text, commandId, status: 'completed' } }]);
      for (const page of pages) await page.getByRole('log').getByText(text, { exact: true }).waitFor();
    };
    await tell('first word');
    await eventually(
      async () => Promise.resolve(open.size),
      (count) => count === 1,
    );
    await pages[0]?.evaluate('window.dispatchEvent(new Event("focus"))');
    await tell('second word');
    await eventually(
      async () => Promise.resolve(open.size),
      (count) => count === 1,
    );
    await pages[0]?.close();
    const text = 'third word';
    await other.say([{ type: 'assistant_message', payload: { text, itemId: text, status: 'completed' } }]);
    await pages[1]?.getByRole('log').getByText(text, { exact: true }).waitFor();
    await pages[1]?.close();
  });

  it('are let go by a tab that was opened beside the page and never looked at', async () => {
    await runByHand('tab-beside');
    const { page } = await openConsole('/sessions/tab-beside');
    await page.addInitScript(
      `Object.defineProperty(document, 'visibilityState', { get: () => window.shown ?? 'hidden' });`,
    );
    await page.clock.install();
    await page.reload();
    await page.getByText('Live', { exact: true }).waitFor();
    await page.clock.fastForward(31_000);
    await page.getByText('Paused in the background').waitFor();
    await page.evaluate(`window.shown = 'visible'; document.dispatchEvent(new Event('visibilitychange'))`);
    await page.getByText('Live', { exact: true }).waitFor();
    await page.close();
  });
});
