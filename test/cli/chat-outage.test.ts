import assert from 'node:assert/strict';
import { Api, eventually, type Loose } from '../support/api.js';
import { cli } from '../support/cli.js';
import { FaultyWay, type Fault } from '../support/faulty-way.js';
import { PseudoTerminal } from '../support/pseudo-terminal.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const ENTER = '\r';
const CTRL_C = '\u0003';

describe('agentrun chat, of a manager that is away for a while', function () {
  this.timeout(90_000);
  let manager: TestManager;
  let api: Api;
  let way: FaultyWay;
  let environment: Record<string, string>;
  const open: PseudoTerminal[] = [];

  before(async () => {
    manager = await startTestManager();
    api = new Api(manager.url, manager.operatorToken);
    way = new FaultyWay(manager.url);
    environment = { AGENTRUN_URL: await way.start(), AGENTRUN_OPERATOR_TOKEN: manager.operatorToken };
  });
  afterEach(() => {
    for (const terminal of open.splice(0)) terminal.close();
  });
  after(async () => {
    await way.stop();
    await manager.stop();
  });

  async function chat(sessionId: string): Promise<PseudoTerminal> {
    const terminal = new PseudoTerminal(['chat', sessionId, '--backend', 'exec'], environment);
    open.push(terminal);
    await terminal.shows(/^send ›$/m);
    return terminal;
  }

  async function promptsOf(sessionId: string): Promise<string[]> {
    const { lastRunId } = await api.get(`/api/v1/sessions/${sessionId}`);
    const { items } = await api.get(`/api/v1/runs/${lastRunId}/commands`);
    return items.map(({ payload }: Loose) => payload.prompt);
  }

  /** Taken, which nobody is told, and away from then on: until the person gives up. */
  async function sayInVain(terminal: PseudoTerminal, prompt: string): Promise<void> {
    way.faults = { send: ['lose', ...Array<Fault>(50).fill('away')] };
    terminal.type(prompt + ENTER);
    await terminal.shows(/Temporal does not answer, sending again… · Ctrl-C stops that/);
    terminal.type(CTRL_C);
    await terminal.shows(/^! not known whether it was sent: stopped$/m);
    await terminal.shows(/not known whether it was sent; Enter sends the same again, once\n\w+ › echo once$/);
    way.faults = {};
  }

  it('makes the session and sends the prompt when the manager is back', async () => {
    way.faults = { sessions: ['away', 'lose'], send: ['away', 'lose'] };
    const terminal = await chat('away-1');
    terminal.type(`echo once${ENTER}`);
    await terminal.shows(/sending again…/);
    await terminal.shows(/^✓ taken up e\d+$/m);
    await terminal.shows(/^once$/m);
    assert.deepEqual(await promptsOf('away-1'), ['echo once']);
    assert.doesNotMatch(terminal.output, /not sent/);
  });

  it('says where it does not know whether a prompt was sent, and Enter sends it once', async () => {
    const terminal = await chat('away-2');
    await sayInVain(terminal, 'echo once');
    terminal.type(ENTER);
    await terminal.shows(/^✓ taken up e\d+$/m);
    await terminal.shows(/^once$/m);
    await terminal.shows(/✓ Done[^]*^send ›$/m);
    assert.deepEqual(await promptsOf('away-2'), ['echo once']);
    terminal.type(`echo once${ENTER}`);
    await eventually(
      () => promptsOf('away-2'),
      (prompts) => prompts.length === 2,
    );
  });

  it('says that it was not sent where nobody at all was there, and sends it when somebody is', async () => {
    const terminal = await chat('away-4');
    await way.stop();
    terminal.type(`echo once${ENTER}`);
    await terminal.shows(/the manager is away, sending again…/);
    terminal.type(CTRL_C);
    await terminal.shows(/^✕ not sent: stopped\na new session\nsend › echo once$/m);
    await way.start();
    terminal.type(ENTER);
    await terminal.shows(/^✓ taken up e\d+$/m);
    assert.deepEqual(await promptsOf('away-4'), ['echo once']);
  });

  it('names the key of such a prompt to whoever leaves', async () => {
    const terminal = await chat('away-3');
    await sayInVain(terminal, 'echo once');
    terminal.type(CTRL_C + CTRL_C);
    await terminal.shows(/^! not known whether it was sent: echo once$/m);
    assert.equal(await terminal.ended, 0);
    const [, key = ''] = /--idempotency-key (cli-[\w-]+)/.exec(terminal.screen.text) ?? [];
    const again = ['session', 'send', 'away-3', 'echo once', '--backend', 'exec', '--idempotency-key', key];
    assert.equal((await cli(again, environment)).code, 0);
    assert.deepEqual(await promptsOf('away-3'), ['echo once']);
  });
});
