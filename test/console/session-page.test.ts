import assert from 'node:assert/strict';
import { eventually } from '../support/api.js';
import { consoleWorld, openConsole, runByHand, send } from './world.js';

describe('the console, what stands beside a session', function () {
  this.timeout(90_000);

  it('is its diffs, line by line in their colours, and what is used of its budgets', async () => {
    const { commandId, say } = await runByHand('changes-files');
    const diff =
      'diff --git a/shop.ts b/shop.ts\n--- a/shop.ts\n+++ b/shop.ts\n@@ -1,2 +1,3 @@\n const a = 1;\n-let b;\n+const b = 2;\n+const c = 3;\n';
    const usage = { totals: { totalTokens: 12_300 }, contextTokens: 50_000, modelContextWindow: 200_000 };
    await say([
      { type: 'diff', payload: { commandId, diff } },
      { type: 'token_usage', payload: { commandId, ...usage, cost: { amount: 0.5, currency: 'USD' } } },
    ]);
    const { page, complaints } = await openConsole('/sessions/changes-files');
    const shown = page.getByLabel('Changes of shop.ts');
    await shown.waitFor();
    assert.deepEqual(
      (await shown.locator('.diff-added').allTextContents()).map((line) => line.trim()),
      ['+const b = 2;', '+const c = 3;'],
    );
    const colours = await Promise.all(
      ['.diff-added', '.diff-removed', '.diff-context'].map((kind) =>
        shown
          .locator(kind)
          .first()
          .evaluate((line: unknown) => (globalThis as unknown as Styles).getComputedStyle(line).backgroundColor),
      ),
    );
    assert.equal(new Set(colours).size, 3, String(colours));
    const rail = page.getByLabel('About this session');
    await rail.getByRole('link', { name: 'shop.ts' }).waitFor();
    await rail.getByRole('progressbar', { name: /^Without an event: .+ of 15 min$/ }).waitFor();
    await rail.getByText('12.3k').waitFor();
    await rail.getByRole('progressbar', { name: 'Context: 50k of 200k' }).waitFor();
    await rail.getByText('0.50 USD').waitFor();
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('is how large its volume was found to be', async () => {
    const { api } = await consoleWorld();
    await send('stores', 'printf "%2000s" . > stored');
    const { storageSizeBytes } = await eventually(
      async () => api.get('/api/v1/sessions/stores/storage'),
      (storage) => storage.storageSizeBytes !== null,
    );
    assert.ok(storageSizeBytes >= 2_000, `${storageSizeBytes}`);
    const { page, complaints } = await openConsole('/sessions/stores');
    const fact = page.getByLabel('About this session').locator('.fact', { hasText: 'Storage' });
    await fact.getByText(/^\d+(\.\d)? [kM]B$/).waitFor();
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('lets its turn be cancelled, once that was said twice', async () => {
    const { api } = await consoleWorld();
    const { run, command } = await send('to-be-cancelled', 'echo begun; read never');
    const { page, complaints } = await openConsole('/sessions/to-be-cancelled');
    await page.getByRole('log').getByText('begun', { exact: true }).waitFor();
    const dialog = page.getByRole('dialog', { name: 'Cancel the work of this session?' });
    await page.getByRole('button', { name: 'Cancel…' }).click();
    await dialog.getByRole('button', { name: 'Keep it' }).click();
    await dialog.waitFor({ state: 'detached' });
    const stateOf = async () => (await api.get(`/api/v1/runs/${run.id}/commands/${command.id}`)).state;
    assert.equal(await stateOf(), 'acknowledged');
    await page.getByRole('button', { name: 'Cancel…' }).click();
    await dialog.getByRole('button', { name: 'Cancel it' }).click();
    await dialog.waitFor({ state: 'detached' });
    await eventually(stateOf, (state) => state === 'cancelled');
    await page.getByRole('button', { name: 'Interrupt' }).waitFor({ state: 'detached' });
    assert.deepEqual(complaints, []);
    await page.close();
  });
});

interface Styles {
  getComputedStyle(element: unknown): { readonly backgroundColor: string };
}
