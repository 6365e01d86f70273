import assert from 'node:assert/strict';
import { openPage } from '../support/browser.js';
import { consoleWorld, openConsole, send } from './world.js';

describe('the console, steering a session', function () {
  this.timeout(60_000);

  it('logs in by a pasted token, keeps it out of the address, and says when it is wrong', async () => {
    const { manager } = await consoleWorld();
    const { page, complaints } = await openPage();
    await page.goto(manager.url);
    await page.getByLabel('Operator token').fill('not-a-token');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').getByText('not one of an operator').waitFor();
    await page.getByLabel('Operator token').fill(manager.operatorToken);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { name: 'Needs you' }).waitFor();
    assert.ok(!page.url().includes(manager.operatorToken));
    assert.equal(await page.evaluate('localStorage.length'), 0, 'kept for this tab only, unless asked otherwise');
    await page.reload();
    await page.getByRole('heading', { name: 'Needs you' }).waitFor();
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('steers a running turn and shows that it was delivered, with the event that proves it', async () => {
    await send('steered', 'echo ready; read answer; echo "got: $answer"; read rest');
    const { page, complaints } = await openConsole('/sessions/steered');
    await page.getByRole('log').getByText('ready', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Steer' }).waitFor();
    await page.keyboard.press('s');
    await page.keyboard.type('forty-two');
    await page.keyboard.press('Enter');
    await page.locator('.delivery[data-state="delivered"]').waitFor();
    await page.getByRole('log').getByText('got: forty-two').waitFor();
    assert.match((await page.locator('.delivery a').textContent()) ?? '', /^e\d+$/);
    assert.equal(await page.getByLabel(/Say something/).inputValue(), '');
    await page.getByRole('button', { name: 'Interrupt' }).click();
    await page.getByRole('log').getByText('the turn was interrupted').waitFor();
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('says that a message became the next turn where its turn had ended', async () => {
    const { api } = await consoleWorld();
    const { run } = await send('idle-then-turn', 'echo first');
    const { page } = await openConsole('/sessions/idle-then-turn');
    await page.getByRole('log').getByText('first', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Send' }).waitFor();
    await page.getByLabel(/What should it do next/).fill('echo second');
    await page.keyboard.press('Enter');
    await page.locator('.delivery[data-state="delivered"]').waitFor();
    await page.getByRole('log').getByText('second', { exact: true }).waitFor();
    await api.post(`/api/v1/runs/${run.id}/cancel`);
    await page.close();
  });
});
