import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { DocumentedStack } from './documented-stack.js';
import { EXCEPTED } from './excepted-blocks.js';
import { documents, fencedBlocks, type FencedBlock } from './fenced-blocks.js';

/** Says that a block is commands of a shell, to be run as they stand; everything else says what it is. */
const SHELL = 'sh';

const isMeant =
  ({ file, text }: FencedBlock) =>
  (exception: (typeof EXCEPTED)[number]) =>
    exception.file === file && text.trimStart().startsWith(exception.begins);

const blocks = documents().flatMap(fencedBlocks);
const commands = blocks.filter(({ language }) => language === SHELL);
const run = commands.filter((block) => !EXCEPTED.some(isMeant(block)));

describe('the commands of the documents', function () {
  this.timeout(600_000);
  let stack: DocumentedStack;

  before(async () => {
    stack = await DocumentedStack.start();
  });
  after(() => stack.remove());

  it('stand in blocks that say that they are commands', () => {
    const silent = blocks.filter(({ language }) => language === '');
    assert.deepEqual(
      silent.map(({ file, line }) => `${file}:${line}`),
      [],
      'say what it is behind the fence: `sh` is run, `text` is not',
    );
  });

  it('are left out only where that is said, once, and there is such a block', () => {
    for (const exception of EXCEPTED) {
      const meant = commands.filter((block) => isMeant(block)(exception));
      assert.equal(meant.length, 1, `${exception.file}: ${exception.begins}`);
    }
  });

  for (const file of new Set(run.map((block) => block.file))) {
    const own = run.filter((block) => block.file === file);
    it(`of ${file} work, ${own.length} ${own.length === 1 ? 'block' : 'blocks'} in one shell`, async () => {
      await stack.run(own);
    });
  }
});
