import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Api, eventually } from '../support/api.js';
import { UpStack } from '../support/cli.js';
import { untilPrinted } from '../support/live-runner.js';
import { PseudoTerminal } from '../support/pseudo-terminal.js';

const ENTER = '\r';
const ESCAPE = '\u001b';
const CTRL_C = '\u0003';

describe('agentrun chat, in a pseudo-terminal against `agentrun up`', function () {
  this.timeout(120_000);
  let stack: UpStack;
  let api: Api;
  const open: PseudoTerminal[] = [];

  before(async () => {
    stack = await UpStack.start();
    api = new Api(stack.info.url, (await readFile(stack.info.operatorTokenFile, 'utf8')).trim());
  });
  afterEach(() => {
    for (const terminal of open.splice(0)) terminal.close();
  });
  after(() => stack.remove());

  function chat(sessionId: string): PseudoTerminal {
    const terminal = new PseudoTerminal(['chat', sessionId, '--backend', 'exec'], stack.environment);
    open.push(terminal);
    return terminal;
  }

  it('makes a session, steers the turn that works, and leaves it running on Ctrl-C; the same command comes back', async () => {
    const terminal = chat('talk-1');
    await terminal.shows(/new · Enter sends/);
    await terminal.shows(/^send ›$/m);
    terminal.type(`echo begun; read x; echo got $x; read y; echo also $y${ENTER}`);
    await terminal.shows(/^› echo begun/m);
    await terminal.shows(/^✓ taken up e\d+$/m);
    await terminal.shows(/^steer ›$/m);
    await terminal.shows(/^begun$/m);
    terminal.type(`hello${ENTER}`);
    // That it was queued is told where the manager's answer comes before the proof.
    await terminal.shows(/^› hello$[^]*^✓ delivered e\d+$/m);
    await terminal.shows(/^got hello$/m);
    terminal.type('a draft');
    await terminal.shows(/^steer › a draft$/m);
    terminal.type(CTRL_C);
    await terminal.shows(/^steer ›$/m);
    terminal.type(CTRL_C);
    await terminal.shows(/^detached: the turn goes on in run_\w+$/m);
    await terminal.shows(/chat talk-1 {3}come back/);
    assert.equal(await terminal.ended, 0);
    const session = await api.get('/api/v1/sessions/talk-1');
    assert.equal(session.executionState, 'running');
    const delivered = (await api.events(session.activeRunId)).find(
      ({ payload }) => payload.phase === 'steer-delivered',
    );
    assert.ok(terminal.screen.text.includes(`delivered e${delivered.seq}`));

    const again = chat('talk-1');
    await again.shows(/^steer ›$/m);
    await again.shows(/^got hello$/m);
    again.type(`you${ENTER}`);
    await again.shows(/^also you$/m);
    await again.shows(/✓ Done[^]*^send ›$/m);
    const isRead = async () => (await api.get('/api/v1/sessions/talk-1')).unread;
    await eventually(isRead, (unread) => unread === false);
    again.type('\u0004');
    assert.equal(await again.ended, 0);
    assert.match(again.output, /left talk-1/);
  });

  it('interrupts on a second Escape, says so until it is proved, and keeps the draft', async () => {
    const terminal = chat('talk-2');
    await terminal.shows(/^send ›$/m);
    terminal.type(`echo begun; sleep 600${ENTER}`);
    await terminal.shows(/^begun$/m);
    terminal.type('not yet sent');
    terminal.type(ESCAPE);
    await terminal.shows(/Esc again interrupts the turn/);
    terminal.type(ESCAPE);
    const interrupts = /interrupting…|⊘ interrupted e\d+/;
    // Two that a slow machine read apart do not count together; a third then counts for the first.
    await terminal.shows(interrupts, 5_000).catch(async () => {
      terminal.type(ESCAPE);
      await terminal.shows(/Esc again interrupts the turn|interrupting…|⊘ interrupted e\d+/);
      terminal.type(ESCAPE);
    });
    await terminal.shows(/^⊘ interrupted e\d+$/m);
    assert.match(terminal.output, /interrupting…/);
    await terminal.shows(/⊘ Interrupted.*\n^send › not yet sent$/m);
    terminal.type(CTRL_C + CTRL_C);
    assert.equal(await terminal.ended, 0);
  });

  it('takes a paste of several lines for one message, and what is wide for as wide as it is', async () => {
    const terminal = chat('talk-3');
    await terminal.shows(/^send ›$/m);
    terminal.type('\u001b[200~echo eins\necho 漢字 é👍🏽\u001b[201~');
    await terminal.shows(/^send › echo eins\n {7}echo 漢字 é👍🏽$/m);
    assert.equal(
      (await api.get('/api/v1/sessions?limit=500')).items.some(
        ({ sessionId }: { sessionId: string }) => sessionId === 'talk-3',
      ),
      false,
    );
    terminal.type(ENTER);
    await terminal.shows(/^eins\n漢字 é👍🏽$/m);
    const { lastCommandId, lastRunId } = await api.get('/api/v1/sessions/talk-3');
    const { payload } = await api.get(`/api/v1/runs/${lastRunId}/commands/${lastCommandId}`);
    assert.equal(payload.prompt, 'echo eins\necho 漢字 é👍🏽');
    terminal.type(CTRL_C);
    assert.equal(await terminal.ended, 0);
  });

  it('says that a message became the next turn where its turn had ended', async () => {
    const terminal = chat('talk-4');
    await terminal.shows(/^send ›$/m);
    terminal.type(`exec <&-; echo deaf; until [ -e go ]; do sleep 0.1; done${ENTER}`);
    await terminal.shows(/^deaf$/m);
    terminal.type(`echo next${ENTER}`);
    await terminal.shows(/^! turn ended: sent as the next turn$/m);
    const { pvcName } = await api.get('/api/v1/sessions/talk-4/storage');
    await writeFile(join(stack.dataDir, 'volumes', pvcName, 'workspace', 'go'), '');
    await terminal.shows(/^next$/m);
    terminal.type(CTRL_C);
    assert.equal(await terminal.ended, 0);
  });

  it('shows what others say to the session meanwhile, below what was there and above the draft', async () => {
    const terminal = chat('talk-5');
    await terminal.shows(/^send ›$/m);
    terminal.type(`echo one${ENTER}`);
    await terminal.shows(/^one$/m);
    terminal.type('half a thought');
    await terminal.shows(/^send › half a thought$/m);
    // Nobody could wake it here: it must not sleep.
    terminal.type('\u001a');
    const sent = await api.post('/api/v1/sessions/talk-5/send', { prompt: 'printf tw; sleep 1; echo o' });
    await untilPrinted(api, sent.command, 'two');
    await terminal.shows(/^two$/m);
    await terminal.shows(/✓ Done\nsend › half a thought$/);
    const { lines } = terminal.screen;
    assert.deepEqual(
      lines.filter((line) => /^(one|two|tw)$/.test(line)),
      ['one', 'two'],
    );
    assert.equal(lines.filter((line) => line.includes('half a thought')).length, 1);
    terminal.type(CTRL_C + CTRL_C);
    assert.equal(await terminal.ended, 0);
  });

  it('refuses to begin off a terminal, and says what to use', async () => {
    const { code, stderr } = await stack.run('chat', 'talk-6');
    assert.equal(code, 2);
    assert.match(stderr, /chat needs a terminal[^]*session send talk-6/);
  });
});
