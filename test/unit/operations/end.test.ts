import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { OperatorPrincipal } from '../../../src/domain/principal.js';
import { RunRefused } from '../../../src/domain/refusals.js';
import type { OperationContext } from '../../../src/operations/context.js';
import { ackCommand, cancelCommand, finishCommand } from '../../../src/operations/runs/end-command.js';
import { cancelRun, finishRun } from '../../../src/operations/runs/end-run.js';
import { Sequencer } from '../../../src/operations/runs/sequencer.js';
import { commandRecord, endedCommand, endedRun, heldRun } from '../run-result/facts.js';

const operator: OperatorPrincipal = { kind: 'operator', name: 'root', tenants: 'all' };
const finish = { terminalStatus: 'completed' } as const;
const unavailable = { failureKind: 'infra-failed', refusal: 'unavailable' };

/** Rows as they are read one after another, the last one from then on; and a workflow that refuses, or takes what it is told. */
function contextOf(read: 'getRun' | 'getCommand', rows: unknown[], refusal?: RunRefused) {
  const next = async () => (rows.length > 1 ? rows.shift() : rows[0]);
  const say = async () => {
    if (refusal !== undefined) throw refusal;
  };
  const gateway = { ackCommand: say, finishCommand: say, cancelCommand: say, finishRun: say, cancelRun: say };
  const getCommandWithRun = async () => ({ command: await next(), run: heldRun() });
  const runs = { getRun: async () => heldRun(), getCommandWithRun, [read]: next };
  return { runs, gateway, sequencer: new Sequencer() } as unknown as OperationContext;
}

describe('the end of a command that its workflow forgot', () => {
  const forgotten = () => new RunRefused('command-unknown');
  const { id } = commandRecord(1);
  const ways = {
    ack: (context: OperationContext) => ackCommand(context, operator, id, {}),
    finish: (context: OperationContext) => finishCommand(context, operator, id, finish),
    cancel: (context: OperationContext) => cancelCommand(context, operator, id, {}),
  };

  for (const [name, way] of Object.entries(ways)) {
    it(`is what a repeated ${name} answers, once the row says it`, async () => {
      const rows = [commandRecord(1), commandRecord(1), endedCommand(1)];
      assert.equal((await way(contextOf('getCommand', rows, forgotten()))).state, 'completed');
    });

    it(`is not made up by ${name} while the row says otherwise`, async () => {
      await assert.rejects(way(contextOf('getCommand', [commandRecord(1)], forgotten())), unavailable);
    });
  }
});

describe('the end of a run', () => {
  const run = heldRun();
  const ended = endedRun({ terminalStatus: 'completed' });

  it('is answered once its row says it', async () => {
    for (const refusal of [undefined, new RunRefused('run-terminal')]) {
      const context = contextOf('getRun', [run, run, ended], refusal);
      assert.equal((await finishRun(context, operator, run.id, finish)).status, 'completed');
    }
    const context = contextOf('getRun', [run, ended], new RunRefused('run-terminal'));
    assert.equal((await cancelRun(context, operator, run.id, {})).status, 'completed');
  });

  it('is asked for when the row has the mark', async () => {
    const marked = heldRun({ cancelRequestedAt: run.createdAt });
    assert.equal((await cancelRun(contextOf('getRun', [run, run, marked]), operator, run.id, {})).status, 'running');
  });

  it('is not made up while the row says otherwise', async () => {
    await assert.rejects(finishRun(contextOf('getRun', [run]), operator, run.id, finish), unavailable);
    const writing = contextOf('getRun', [run], new RunRefused('run-terminal', { status: 'completed' }));
    await assert.rejects(cancelRun(writing, operator, run.id, {}), { ...unavailable, message: /not recorded yet/ });
  });
});
