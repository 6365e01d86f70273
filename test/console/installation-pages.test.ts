import assert from 'node:assert/strict';
import { eventually } from '../support/api.js';
import { makeSshKey, secretLineOf } from '../support/ssh-git-server.js';
import { consoleWorld, openConsole } from './world.js';

describe('the console, what is set for the whole installation', function () {
  this.timeout(90_000);

  it('takes a credential and shows it nowhere again', async () => {
    const { api } = await consoleWorld();
    const { page, complaints } = await openConsole('/profiles');
    const answers: Promise<string>[] = [];
    page.on('response', (response) => answers.push(response.text().catch(() => '')));
    const apiKey = 'sk-set-in-a-browser-0123456789';
    const profile = page.getByRole('article', { name: 'Profile codex' });
    await profile.getByRole('button', { name: 'Set a key…' }).click();
    await profile.getByLabel('API key of codex').fill(apiKey);
    await profile.getByRole('button', { name: 'Save' }).click();
    await profile.getByRole('button', { name: 'Replace the key…' }).waitFor();
    const key = makeSshKey();
    const tool = page.getByRole('article', { name: 'Credential github-ssh' });
    await tool.getByRole('button', { name: 'Set a key…' }).click();
    await tool.getByLabel('Private key of github-ssh').fill(key.private.split('\n').slice(0, 4).join('\n'));
    await tool.getByRole('button', { name: 'Save' }).click();
    await tool.getByRole('alert').waitFor();
    await tool.getByLabel('Private key of github-ssh').fill(key.private);
    await tool.getByRole('button', { name: 'Save' }).click();
    await tool.getByText('✓ set').waitFor();
    await page.reload();
    await tool.getByText('✓ set').waitFor();
    await profile.getByRole('button', { name: 'Replace the key…' }).click();
    assert.equal(await profile.getByLabel('API key of codex').inputValue(), '');
    const kept = `document.documentElement.outerHTML + JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href])`;
    const seen = [await page.evaluate<string>(kept), ...(await Promise.all(answers))];
    assert.ok(seen.some((text) => text.includes('fingerprint')));
    const ofKey = secretLineOf(key);
    for (const secret of [apiKey, ofKey])
      assert.ok(!seen.some((text) => text.includes(secret)), `${secret.slice(0, 4)}… is shown`);
    assert.equal((await api.get('/api/v1/tool-credentials')).items[0].configured, true);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('pauses a queue, says so, changes its slots, and resumes it', async () => {
    const { api } = await consoleWorld();
    const queue = '/api/v1/queue/queues/pausable';
    await api.ok('PUT', queue, { concurrency: 1 });
    const { page, complaints } = await openConsole('/queues');
    const card = page.getByRole('article', { name: 'Queue pausable' });
    await card.getByRole('button', { name: 'Pause' }).click();
    await card.getByText('Paused: it starts no task').waitFor();
    assert.equal((await api.get(queue)).paused, true);
    const slots = card.getByRole('spinbutton', { name: 'Slots' });
    await slots.fill('3');
    const owner = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
    const task = { ...owner, queue: 'pausable', title: 'Waits', prompt: 'echo at last', autoDispatch: true };
    const { id } = await api.post('/api/v1/queue/tasks', task);
    await card.getByRole('button', { name: 'Resume, 1 waiting' }).waitFor();
    assert.equal(await slots.inputValue(), '3', 'what is being typed outlives what is asked meanwhile');
    await slots.press('Tab');
    await eventually(
      async () => (await api.get(queue)).concurrency,
      (concurrency) => concurrency === 3,
    );
    assert.equal((await api.get(`/api/v1/queue/tasks/${id}`)).state, 'pending');
    await card.getByRole('button', { name: 'Resume, 1 waiting' }).click();
    await eventually(
      async () => (await api.get(`/api/v1/queue/tasks/${id}`)).state,
      (state) => state === 'completed',
    );
    await card.getByRole('button', { name: 'Pause' }).waitFor();
    assert.deepEqual(complaints, []);
    await page.close();
  });
});
