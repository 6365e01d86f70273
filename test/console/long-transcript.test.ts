import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { consoleWorld, openConsole, runByHand } from './world.js';
import type { Loose } from '../support/api.js';

const EVENTS = 10_000;
/**
 * A frame may take so much longer than one of the same browser at the same time whose scroller holds nothing: frames that grew with
 * the transcript would take far longer still, and how busy the machine is slows both.
 */
const mostMs = (emptyMs: number) => 2 * emptyMs + 5;
const TRIES = 5;

interface Scrolled {
  readonly median: number;
  readonly p95: number;
  readonly longest: number;
  readonly mostRows: number;
}

/** Scrolls through the transcript, and through a box with nothing in it, frame by frame; answers how long each frame took and how many rows were in the page. Runs in the browser. */
const SCROLL = `(async () => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const scroll = async (box) => {
    const times = [];
    let mostRows = 0;
    let last = await frame();
    for (let step = 0; step < 240; step += 1) {
      box.scrollTop += step < 120 ? -600 : 600;
      const now = await frame();
      times.push(now - last);
      last = now;
      mostRows = Math.max(mostRows, box.querySelectorAll('.row-slot').length);
    }
    times.sort((a, b) => a - b);
    return { median: times[120], p95: times[228], longest: times[239], mostRows };
  };
  const log = document.querySelector('[role=log]');
  const empty = document.body.appendChild(document.createElement('div'));
  Object.assign(empty.style, { position: 'fixed', inset: '0', overflow: 'auto' });
  empty.appendChild(document.createElement('div')).style.height = '100000px';
  empty.scrollTop = 100000;
  const ofNothing = await scroll(empty);
  empty.remove();
  return { ofNothing, ofTranscript: await scroll(log) };
})()`;

describe('the console, with 10,000 events', function () {
  this.timeout(300_000);
  let runId = '';

  before(async () => {
    const { runId: id, commandId, say } = await runByHand('long-one');
    runId = id;
    const events: Loose[] = [];
    for (let number = 0; events.length < EVENTS; number += 1) {
      const itemId = `t${number}`;
      const about = { commandId, itemId };
      events.push(
        {
          type: 'assistant_message',
          payload: { text: `Thought **${number}** of the work.`, itemId: `m${number}`, commandId },
        },
        {
          type: 'tool_call',
          payload: { toolName: 'shell', status: 'running', summary: `make part-${number}`, ...about },
        },
        { type: 'command_output', payload: { text: `part ${number} is made\n`, ...about } },
        {
          type: 'tool_call',
          payload: { toolName: 'shell', status: 'completed', exitCode: 0, durationMs: number, ...about },
        },
      );
    }
    await say(events.slice(0, EVENTS));
  });

  it('paints the end at once, loads what is older as it is scrolled to, and keeps few rows in the page', async () => {
    const { page, complaints } = await openConsole('/sessions/long-one');
    await page.getByText('make part-2499').first().waitFor();
    const paintedMs = await page.evaluate<number>('performance.now()');
    await page.evaluate(`(async () => {
      const log = document.querySelector('[role=log]');
      for (let tries = 0; tries < 400 && !document.querySelector('.row-run'); tries += 1) {
        log.scrollTop = 0;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    })()`);
    await page.getByText('Thought 0 of the work.').waitFor();
    await page.keyboard.press('f');
    await page.getByText('make part-2499').first().waitFor();
    let isSmooth = false;
    for (let tries = 0; tries < TRIES && !isSmooth; tries += 1) {
      const frames = await page.evaluate<{ ofNothing: Scrolled; ofTranscript: Scrolled }>(SCROLL);
      console.log(`      painted in ${Math.round(paintedMs)} ms; frames of ${JSON.stringify(frames)}`);
      const { ofNothing, ofTranscript } = frames;
      assert.ok(ofTranscript.mostRows < 120, `${ofTranscript.mostRows} rows in the page`);
      isSmooth = ofTranscript.median <= mostMs(ofNothing.median);
    }
    assert.ok(isSmooth, 'half of the frames took far longer than those of an empty box');
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('stops following when somebody scrolls up, and says how much is new', async () => {
    const { api } = await consoleWorld();
    const { page } = await openConsole(`/runs/${runId}`);
    await page.getByText('make part-2499').first().waitFor();
    await page.getByRole('log').hover();
    await page.mouse.wheel(0, -1_500);
    await page.getByRole('button', { name: 'To the end' }).waitFor();
    const top = () => page.evaluate<number>(`document.querySelector('[role=log]').scrollTop`);
    let before = await top();
    // The wheel's way is animated.
    for (let was = NaN; was !== before; before = await top()) {
      was = before;
      await delay(200);
    }
    await api.post(`/api/v1/runs/${runId}/events`, { type: 'assistant_message', payload: { text: 'The last word.' } });
    await page.getByRole('button', { name: '1 new' }).waitFor();
    assert.equal(await top(), before);
    await page.getByRole('button', { name: '1 new' }).click();
    await page.getByText('The last word.').waitFor();
    await page.close();
  });

  it('goes to the event that a link names, however far back', async () => {
    const { api } = await consoleWorld();
    const { items } = await api.get(`/api/v1/runs/${runId}/events?afterSeq=4000&limit=10`);
    const call = items.find(({ payload }: Loose) => payload.summary !== undefined);
    const { page } = await openConsole(`/runs/${runId}#e${call.seq}`);
    await page.locator('.row.is-target').getByText(call.payload.summary).waitFor();
    assert.ok(await page.locator('.row.is-target').isVisible());
    await page.close();
  });
});
