import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { Api, eventually, type Loose } from '../support/api.js';
import { UpStack } from '../support/cli.js';
import { PseudoTerminal } from '../support/pseudo-terminal.js';

const ENTER = '\r';
const ESCAPE = '\u001b';
const TASKS = '/api/v1/queue/tasks';
const SIZE = { columns: 80, rows: 24 };

describe('agentrun board, in a pseudo-terminal against `agentrun up`', function () {
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

  function board(...args: string[]): PseudoTerminal {
    const terminal = new PseudoTerminal(['board', ...args], stack.environment, SIZE);
    open.push(terminal);
    return terminal;
  }

  const make = async (queue: string, title: string, prompt: string, more: object = {}): Promise<Loose> => {
    const names = { tenantId: 'default', projectId: 'default', backendProfile: 'exec' };
    return api.post(TASKS, { ...names, queue, title, prompt, autoDispatch: true, ...more });
  };
  const until = (id: string, satisfies: (task: Loose) => boolean) =>
    eventually(() => api.get(`${TASKS}/${id}`), satisfies, 30_000);

  it('shows what needs somebody, works and waits, with the reason, and gives the terminal back', async () => {
    await api.ok('PUT', '/api/v1/queue/queues/mixed', { concurrency: 1 });
    const broken = await make('mixed', 'Broken build', 'echo no; exit 3');
    await until(broken.id, ({ state }) => state === 'failed');
    const busy = await make('mixed', 'Busy', 'echo at it; sleep 600', { budget: { maxWallTimeMs: 3_600_000 } });
    await until(busy.id, ({ state }) => state === 'running');
    await make('mixed', 'Next', 'true');
    await make('mixed', 'By hand', 'true', { autoDispatch: false });
    const terminal = board('--queue', 'mixed');
    await terminal.shows(/^mixed {2}▶ 1\/1 slots {2}○ 2 waiting, oldest \d+[sm]/);
    await terminal.shows(/^◆ 1 needs you {2}• 1 unread$/m);
    await terminal.shows(
      /^Needs you {2}1 .*\n •✕ Failed +Broken build 1\/3 \d+[sm] +the command ended with exit code 3$/m,
    );
    await terminal.shows(/^ {2}▶ Running +Busy +1\/3 \d+[sm] {1,2}\d% time at it · /m);
    await terminal.shows(/^ {2}○ Queued +Next +– +\d+[sm] +waits for a slot$/m);
    await terminal.shows(/^ {2}○ Queued +By hand +– +\d+[sm] +not dispatched$/m);
    assert.ok(terminal.screen.isAlternate);
    assert.equal(terminal.screen.lines.length, SIZE.rows);
    terminal.type('q');
    assert.equal(await terminal.ended, 0);
    assert.equal(terminal.screen.isAlternate, false);
    assert.equal((await api.get(`${TASKS}/${busy.id}`)).state, 'running', 'leaving stops nothing');
    assert.equal((await stack.run('task', 'cancel', busy.id, '--wait')).code, 0);
  });

  it('acts on the selected task: dispatches, cancels when it is sure, shows details, marks as read', async () => {
    const task = await make('acts', 'By hand', 'echo begun; sleep 600', { autoDispatch: false });
    const terminal = board('--queue', 'acts');
    await terminal.shows(/not dispatched/);
    terminal.type('j');
    await terminal.shows(/^› {1}○ Queued +By hand/m);
    terminal.type('d');
    await terminal.shows(/✓ dispatched: By hand/);
    await terminal.shows(/^› {1}▶ Running +By hand +1\/3/m);
    terminal.type(ENTER);
    await terminal.shows(/^── By hand ─+$/m);
    await terminal.shows(/try 1 +▶ Running .* run_\w+/);
    await terminal.shows(/task show task_\w+$/m);
    terminal.type(ESCAPE);
    await terminal.shows(/^(?![^]*── By hand)/);
    terminal.type('c');
    await terminal.shows(/^cancel By hand\? {2}y\/n$/m);
    terminal.type('n');
    await terminal.shows(/c cancel/);
    assert.equal((await api.get(`${TASKS}/${task.id}`)).cancelRequestedAt, null);
    terminal.type('c');
    await terminal.shows(/y\/n$/m);
    terminal.type('y');
    await terminal.shows(/⊘ Interrupted +By hand/);
    terminal.type('r');
    await terminal.shows(/✓ read: By hand/);
    assert.equal((await until(task.id, ({ unread }) => unread === false)).state, 'cancelled');
    terminal.type('q');
    assert.equal(await terminal.ended, 0);
  });

  it('moves no row under the selection, says what would have moved, and lets it on o', async () => {
    await api.ok('PUT', '/api/v1/queue/queues/still', { concurrency: 1 });
    const first = await make('still', 'First', 'sleep 600');
    await until(first.id, ({ state }) => state === 'running');
    const terminal = board('--queue', 'still');
    await terminal.shows(/▶ Running +First/);
    terminal.type('j');
    await terminal.shows(/^› {1}▶ Running First/m);
    assert.equal((await stack.run('task', 'cancel', first.id, '--wait')).code, 0);
    const second = await make('still', 'Second', 'exit 1');
    await until(second.id, ({ state }) => state === 'failed');
    await terminal.shows(/1 new, 1 moved \(1 needs you\) · o shows$/m);
    await terminal.shows(/^Running {2}1 .*\n›•⊘ Interrupted +First/m);
    terminal.type('o');
    await terminal.shows(/^Needs you {2}1 .*\n •✕ Failed +Second[^]*^Recent {2}1\n›•⊘ Interrupted +First/m);
    terminal.type('q');
    assert.equal(await terminal.ended, 0);
  });

  it('pauses the queue when it is sure, and filters', async () => {
    await make('paused-here', 'Alpha', 'true', { autoDispatch: false });
    await make('paused-here', 'Beta', 'true', { autoDispatch: false });
    const terminal = board('--queue', 'paused-here');
    await terminal.shows(/Alpha/);
    terminal.type('p');
    await terminal.shows(/^pause the queue paused-here\? What runs goes on\. {2}y\/n$/m);
    terminal.type('y');
    await terminal.shows(/^paused-here {2}⏸ Paused/);
    terminal.type('/bet');
    await terminal.shows(/\/bet: 1 of 2/);
    await terminal.shows(/^(?![^]*Alpha)/);
    terminal.type(ENTER);
    terminal.type('py');
    await terminal.shows(/✓ resumed: paused-here/);
    terminal.type('\u0003');
    assert.equal(await terminal.ended, 0);
  });

  it('prints one snapshot without a terminal, as text or as JSON', async () => {
    await make('printed', 'Printed', 'true', { autoDispatch: false });
    const { code, stdout, stderr } = await stack.run('board', '--queue', 'printed');
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(
      stdout,
      /^printed {2}▶ 0\/10 slots {2}○ 1 waiting[^]*Waiting {2}1\n +○ Queued {2}task_\w+ {2}Printed .* not dispatched\n$/,
    );
    const { items, stats, queue } = await stack.json('board', '--queue', 'printed');
    assert.deepEqual([queue, stats.counts.pending], ['printed', 1]);
    assert.deepEqual(
      items.map(({ group, task }: Loose) => [group, task.title]),
      [['waiting', 'Printed']],
    );
  });

  // Last: the manager is another one afterwards.
  it('says since when it knows nothing new while the manager is gone, and goes on when it is back', async () => {
    await make('outage', 'Known', 'true', { autoDispatch: false });
    const terminal = board('--queue', 'outage');
    await terminal.shows(/Known/);
    await stack.end('SIGKILL');
    await terminal.shows(/as of \d\d:\d\d:\d\d\n.*! no manager: /);
    await terminal.shows(/Known/);
    await stack.startAgain();
    await make('outage', 'Heard of', 'true', { autoDispatch: false });
    await terminal.shows(/Heard of/);
    await terminal.shows(/^(?![^]*as of)/);
    terminal.type('q');
    assert.equal(await terminal.ended, 0);
  });
});
