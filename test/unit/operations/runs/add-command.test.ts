import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { OperatorPrincipal } from '../../../../src/domain/principal.js';
import type { OperationContext } from '../../../../src/operations/context.js';
import { addCommand } from '../../../../src/operations/runs/add-command.js';
import { Sequencer } from '../../../../src/operations/runs/sequencer.js';
import { heldRun } from '../../run-result/facts.js';

const operator: OperatorPrincipal = { kind: 'operator', name: 'root', tenants: 'all' };

describe('a command that its run took, and whose draft was dropped meanwhile', () => {
  it('is unknown to the run, as it has forgotten it', async () => {
    const runs = {
      getRun: async () => heldRun(),
      draftCommand: async ({ id }: { id: string }) => ({ id, opened: false }),
      getCommand: async () => undefined,
    };
    const gateway = { addCommand: async () => ({ seq: 1 }) };
    const context = { runs, gateway, sequencer: new Sequencer() } as unknown as OperationContext;
    const adding = addCommand(context, operator, heldRun().id, { type: 'turn', payload: { prompt: 'x' } });
    await assert.rejects(adding, { failureKind: 'schema-invalid', refusal: 'missing' });
  });
});
