import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { eventually } from '../support/api.js';
import { PHONE } from '../support/browser.js';
import { seriousFaults } from './serious-faults.js';
import { openConsole, runByHand, send } from './world.js';

interface Scroller {
  readonly scrollHeight: number;
  readonly clientHeight: number;
  readonly scrollTop: number;
}

/** How far the document, and the page in it, reach over the right edge. Runs in the browser. */
const TOO_WIDE = `[document.documentElement, document.getElementById('main')].map((node) => node.scrollWidth - innerWidth)`;
/** What is pressed but lower than a finger needs; links in the midst of words are as high as these. Runs in the browser. */
const TOO_LOW = `[...document.querySelectorAll('button, .button, .nav-link, .view, .inbox-link, select, textarea')]
  .filter((node) => node.checkVisibility() && node.getBoundingClientRect().height < 40)
  .map((node) => node.outerHTML.slice(0, 120))`;

async function assertFits(page: Page, path: string): Promise<void> {
  assert.equal(await page.evaluate('innerWidth'), PHONE.width);
  for (const beyond of await page.evaluate<number[]>(TOO_WIDE))
    assert.ok(beyond <= 0, `${path}: ${beyond} px too wide`);
  assert.deepEqual(await page.evaluate<string[]>(TOO_LOW), [], path);
  assert.deepEqual(await seriousFaults(page), [], path);
}

/** The transcript is at its end, also once what is shown beside it has made it lower. */
async function staysAtEnd(page: Page): Promise<void> {
  const log = page.getByRole('log');
  const beyond = () => log.evaluate((node: Scroller) => node.scrollHeight - node.clientHeight - node.scrollTop);
  await eventually(beyond, (px) => px <= 1, 20_000);
  assert.ok(await log.evaluate((node: Scroller) => node.scrollHeight > node.clientHeight));
}

describe('the console on a phone', function () {
  this.timeout(300_000);
  let runId = '';

  before(async () => {
    const long = 'a-name-that-a-phone-has-no-room-for-in-one-line';
    ({
      run: { id: runId },
    } = await send(long, 'echo no; exit 3'));
    const { commandId, say } = await runByHand('on-a-phone');
    const text = `It is in \`${'one-word/'.repeat(40)}\`.`;
    const diff = `--- a/one.txt\n+++ b/one.txt\n@@ -1 +1 @@\n-${text}\n+${text} Or not.\n`;
    await say([
      { type: 'assistant_message', payload: { text, itemId: 'm1', commandId, status: 'completed' } },
      { type: 'tool_call', payload: { commandId, itemId: 't1', toolName: 'shell', status: 'running', summary: text } },
      { type: 'command_output', payload: { commandId, itemId: 't1', text: `${text}\n` } },
      { type: 'diff', payload: { commandId, diff } },
    ]);
  });

  it('fits, can be pressed and read, page by page', async () => {
    for (const path of ['/', `/runs/${runId}`, `/runs/${runId}?view=timeline`, '/tasks/new', '/queues', '/profiles']) {
      const { page, complaints } = await openConsole(path, { isPhone: true });
      await page.locator('main h1').first().waitFor({ state: 'attached' });
      await page.getByText('Loading…').first().waitFor({ state: 'detached' });
      await assertFits(page, path);
      assert.deepEqual(complaints, [], path);
      await page.close();
    }
  });

  it('has where to steer in sight, takes Enter as a new line, and sends by the button', async () => {
    const { page, complaints } = await openConsole('/sessions/on-a-phone', { isPhone: true });
    await page.getByRole('log').getByRole('button', { name: 'one.txt' }).waitFor();
    await assertFits(page, 'the session');
    const field = page.getByLabel(/Say something to the running turn/);
    const steer = page.getByRole('button', { name: 'Steer' });
    for (const part of [field, steer]) {
      const box = await part.boundingBox();
      assert.ok(box !== null && box.y >= 0 && box.y + box.height <= PHONE.height, 'in sight without scrolling');
    }
    await staysAtEnd(page);
    await field.fill('from');
    await field.press('Enter');
    await field.pressSequentially('the train');
    assert.equal(await field.inputValue(), 'from\nthe train');
    await steer.click();
    await page.locator('.delivery').getByText('from the train').waitFor();
    await staysAtEnd(page);
    await page.getByText('Copy as CLI').click();
    await page.getByRole('button', { name: /Link to this page/ }).waitFor();
    await assertFits(page, 'the session with its menu open');
    assert.deepEqual(complaints, []);
    await page.close();
  });
});
