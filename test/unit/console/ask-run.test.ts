import assert from 'node:assert/strict';
import { askRun } from '../../../src/console/api/ask-run.js';
import { ScriptedAnswers } from './scripted-answers.js';

describe('what a page asks of a run', () => {
  let lastCommandSeq: number;
  let manager: ScriptedAnswers;

  beforeEach(async () => {
    manager = await ScriptedAnswers.listen(({ pathname, searchParams }) =>
      pathname.endsWith('/commands') ? { items: commands(searchParams) } : { lastCommandSeq },
    );
  });
  afterEach(async () => manager.close());

  function commands(query: URLSearchParams): { seq: number }[] {
    const all = Array.from({ length: lastCommandSeq }, (_, index) => ({ seq: index + 1 }));
    return all.filter(({ seq }) => seq > Number(query.get('afterSeq'))).slice(0, Number(query.get('limit')));
  }

  const seqs = async () => (await askRun(manager.client, 'run_1')).commands.map(({ seq }) => seq);

  it('has all of its commands where they are few', async () => {
    lastCommandSeq = 3;
    assert.deepEqual(await seqs(), [1, 2, 3]);
  });

  it('has the newest of its commands where they are many', async () => {
    lastCommandSeq = 700;
    const all = await seqs();
    assert.deepEqual([all.length, all[0], all.at(-1)], [500, 201, 700]);
  });
});
