import assert from 'node:assert/strict';
import { cuttableProxy, type CuttableProxy } from '../support/cuttable-proxy.js';
import { consoleWorld, openConsole, runByHand } from './world.js';

describe('the console, when its connection is lost', function () {
  this.timeout(60_000);
  let proxy: CuttableProxy;

  before(async () => {
    proxy = await cuttableProxy((await consoleWorld()).manager.url);
  });
  after(() => proxy.close());

  it('shows every event once, in order, over cuts and an outage, and says meanwhile as of when it is', async () => {
    const { commandId, say } = await runByHand('cut-off');
    const { page, complaints } = await openConsole('/sessions/cut-off', { url: proxy.url });
    await page.getByText('Live', { exact: true }).waitFor();
    const told: string[] = [];
    const tell = async (count: number) => {
      const from = told.length;
      for (let number = from; number < from + count; number += 1) told.push(`word-${number}.`);
      const text = (number: number) => ({ text: `word-${number}.`, itemId: `m${number}`, commandId });
      await say(
        Array.from({ length: count }, (_, index) => ({ type: 'assistant_message', payload: text(from + index) })),
      );
    };
    await tell(3);
    await page.getByText('word-2.', { exact: true }).waitFor();
    proxy.cut();
    await tell(3);
    await page.getByText('word-5.', { exact: true }).waitFor();
    proxy.block(true);
    await tell(3);
    await page.getByText(/Reconnecting, as of/).waitFor();
    assert.equal(
      await page.getByText('Running', { exact: true }).first().isVisible(),
      true,
      'a lost connection says nothing of the run',
    );
    proxy.block(false);
    await page.getByText('word-8.', { exact: true }).waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    const shown = await page.locator('.row-assistant .markdown').allTextContents();
    assert.deepEqual(
      shown.map((text) => text.trim()),
      told,
    );
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('says a message once though its answer was lost', async () => {
    const { api } = await consoleWorld();
    const { runId } = await runByHand('lost-answer');
    const { page } = await openConsole('/sessions/lost-answer', { url: proxy.url });
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByLabel(/Say something/).fill('only once');
    proxy.block(true);
    await page.keyboard.press('Enter');
    await page.getByText(/not sent/).waitFor();
    proxy.block(false);
    await page.getByRole('button', { name: 'Send again' }).click();
    await page.getByText('queued for the running turn').waitFor();
    const { items } = await api.get(`/api/v1/runs/${runId}/commands`);
    assert.equal(items.filter(({ type }: { type: string }) => type === 'steer').length, 1);
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.getByText('removed, not delivered').waitFor();
    await page.close();
  });
});
