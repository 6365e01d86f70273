import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { procTable, psTable, type ProcessTable } from '../../src/processes/process-table.js';
import { endTree, lineageOf, livingOf, type ProcessTree } from '../../src/processes/process-tree.js';
import { eventually } from '../support/eventually.js';

/** A group with a child in it, one in a session of its own, and one that also dropped the marker. */
const SCRIPT = 'sleep 300 & setsid sleep 301 & setsid sh -c "env -i sleep 302; :" & wait';

describe('a process tree', () => {
  const trees: ProcessTree[] = [];
  const start = async (env: Record<string, string> = {}) => {
    const marker = { name: 'AGENTRUN_TEST_MARKER', value: randomUUID() };
    const child = spawn('/bin/sh', ['-c', SCRIPT], {
      detached: true,
      stdio: 'ignore',
      env: { ...process.env, ...env, [marker.name]: marker.value },
    });
    const tree = { groups: [child.pid!], marker, spare: lineageOf(process.pid) };
    trees.push(tree);
    // They are there before `env -i` and `setsid` are done.
    await eventually('all are there', () => {
      const living = livingOf(tree);
      const groups = new Set(living.map((entry) => entry.pgid));
      return living.length === 5 && procTable.marked(marker).length === 4 && groups.size === 3;
    });
    return { tree, marker, pid: child.pid! };
  };
  afterEach(async () => {
    for (const tree of trees.splice(0)) await endTree(tree, { timeoutMs: 20_000 });
  });

  it('is its group, the marked, and the descendants of both', async () => {
    const { tree, marker } = await start();
    assert.equal(procTable.marked(marker).length, 4);
    const groups = new Set(livingOf(tree).map((entry) => entry.pgid));
    assert.equal(groups.size, 3);
  });

  it('is ended whole', async () => {
    const { tree, marker } = await start();
    await endTree(tree, { timeoutMs: 20_000 });
    assert.deepEqual([livingOf(tree), procTable.marked(marker)], [[], []]);
  });

  it('is ended while it forks', async () => {
    const marker = { name: 'AGENTRUN_TEST_MARKER', value: randomUUID() };
    const script = 'while :; do setsid sleep 300 & sleep 0.001; done';
    const env = { ...process.env, [marker.name]: marker.value };
    const child = spawn('/bin/sh', ['-c', script], { detached: true, stdio: 'ignore', env });
    const tree = { groups: [child.pid!], marker, spare: [] };
    trees.push(tree);
    await eventually('it has forked', () => livingOf(tree).length > 5);
    await endTree(tree, { timeoutMs: 20_000 });
    assert.deepEqual(livingOf(tree), []);
  });

  it('leaves those out who ask, although they carry the marker', async () => {
    const { tree, pid } = await start();
    const others = livingOf({ ...tree, spare: [pid] });
    assert.deepEqual([others.length, others.some((entry) => entry.pid === pid)], [4, false]);
  });

  it('knows who a process descends from', () => {
    assert.deepEqual(lineageOf(process.pid).slice(0, 2), [process.pid, process.ppid]);
    // In a container the first process may be the one that asks.
    assert.deepEqual(lineageOf(1), [1]);
  });

  for (const [name, table] of Object.entries<ProcessTable>({ procTable, psTable })) {
    it(`is seen by the ${name}`, async () => {
      const { marker, pid } = await start();
      const self = table.list().find((entry) => entry.pid === process.pid);
      assert.equal(self?.ppid, process.ppid);
      const marked = table.marked(marker);
      assert.equal(marked.length, 4);
      assert.ok(marked.some((entry) => entry.pid === pid && entry.pgid === pid));
      assert.deepEqual(table.marked({ ...marker, value: 'another' }), []);
    });
  }
});
