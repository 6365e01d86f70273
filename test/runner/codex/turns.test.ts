import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodexRunner, PROVIDER_KEY } from '../../support/codex-runner.js';
import { CODEX_FETCH_TIMEOUT_MS, codexForTests } from '../../support/codex.js';
import {
  answer,
  message,
  patchCall,
  planCall,
  reasoning,
  shellCall,
  text,
} from '../../support/mock-provider/answers.js';

describe('a turn of codex', () => {
  let runner: CodexRunner;

  before(async function () {
    this.timeout(CODEX_FETCH_TIMEOUT_MS);
    await codexForTests();
  });
  afterEach(() => runner.dispose());

  it('is answered, streamed and counted', async () => {
    runner = await CodexRunner.create([
      text('Hello there.', { input: 30, output: 7 }),
      text('And on.', { input: 50, output: 9 }),
    ]);
    const { manager, provider } = runner;
    const [first, second] = [manager.add('turn', 'say hello'), manager.add('turn', 'go on')];
    void runner.start();
    await manager.ended(second);
    console.log(
      JSON.stringify(
        manager.events.map((e) => [e.type, e.payload]),
        null,
        1,
      ),
      first,
      provider.faults,
    );
    assert.equal(first.terminalStatus, 'completed');
    assert.equal(provider.requests[0]?.headers.authorization, `Bearer ${PROVIDER_KEY}`);
  });
});
