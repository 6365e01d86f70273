import assert from 'node:assert/strict';
import { openConsole, runByHand } from './world.js';

const MARKDOWN = [
  'Before it.',
  '<script>window.ran = 1</script><img src="/x" onerror="window.ran = 1"><svg onload="window.ran = 1"></svg>',
  '<form action="https://elsewhere.example"><button class="primary">Start it</button></form>',
  '<p class="question" id="composer-text" style="position: fixed" data-key="x" aria-hidden="true">Forged</p>',
  '[a link](javascript:window.ran=1) and [another](https://elsewhere.example)',
].join('\n\n');
const OUTPUT =
  '\u001b[31mred\u001b[0m <img src="/x" onerror="window.ran = 1"> \u001b]8;;javascript:window.ran=1\u0007over\u001b]8;;\u0007\n';

describe('what an agent writes, in the console', function () {
  this.timeout(90_000);

  it('runs nothing, loads nothing, and cannot look like a part of the page', async () => {
    const { commandId, say } = await runByHand('hostile');
    const tool = { commandId, itemId: 't1', toolName: 'shell' };
    await say([
      { type: 'tool_call', payload: { ...tool, status: 'running', summary: 'make' } },
      { type: 'command_output', payload: { ...tool, text: OUTPUT } },
      { type: 'assistant_message', payload: { text: MARKDOWN, itemId: 'm1', commandId, status: 'completed' } },
    ]);
    // The browser complains of what its policy keeps from it while the text is taken apart: that is not looked at here.
    const { page } = await openConsole('/sessions/hostile');
    const text = page.locator('.markdown');
    await text.getByText('Forged').waitFor();
    await page.locator('.terminal').getByText('red').waitFor();
    const attributes = (selector: string) =>
      page
        .locator(`${selector} *`)
        .evaluateAll((nodes: { attributes: Iterable<{ name: string }> }[]) =>
          nodes.flatMap((node) => Array.from(node.attributes, ({ name }) => name)),
        );
    assert.deepEqual([...new Set(await attributes('.markdown'))].sort(), ['href', 'rel', 'target']);
    assert.deepEqual([...new Set(await attributes('.terminal'))], ['class']);
    assert.equal(await page.locator('.markdown, .terminal').locator('img, svg, form, button, script').count(), 0);
    assert.deepEqual(await text.locator('a[href]').allTextContents(), ['another']);
    assert.equal(await page.evaluate('window.ran'), undefined);
    await page.close();
  });
});
