import assert from 'node:assert/strict';
import { draftOf, edit, EMPTY_DRAFT, insert, textOf, type Edit } from '../../../src/cli/terminal/draft.js';
import { layoutFooter } from '../../../src/cli/chat/footer.js';
import { KeyReader, type Key } from '../../../src/cli/terminal/keys.js';
import { LiveScreen } from '../../../src/cli/chat/live-screen.js';
import { fitTo, textWidth } from '../../../src/cli/terminal/text-width.js';
import { TerminalScreen } from '../../support/terminal-screen.js';

const ESC = '\u001b';

describe('keys read from a terminal', () => {
  const read = (...chunks: (string | Buffer)[]) => {
    const reader = new KeyReader();
    return [...chunks.flatMap((chunk) => reader.read(Buffer.from(chunk as string))), ...reader.flush()];
  };
  const cases: [string, (string | Buffer)[], Key[]][] = [
    ['text and Enter', ['hello\r'], [{ kind: 'text', text: 'hello' }, { kind: 'enter' }]],
    ['a character cut in two', [Buffer.from([0xc3]), Buffer.from([0xa9])], [{ kind: 'text', text: 'é' }]],
    ['a sequence cut in two', [`${ESC}[`, 'D'], [{ kind: 'edit', edit: 'left' }]],
    ['an Escape that nothing follows', [ESC], [{ kind: 'escape' }]],
    ['two Escapes at once', [ESC + ESC], [{ kind: 'escape' }, { kind: 'escape' }]],
    ['a paste of lines', [`${ESC}[200~a\r\nb\rc${ESC}[201~`], [{ kind: 'paste', text: 'a\nb\nc' }]],
    [
      'a paste in pieces',
      [`${ESC}[200~a`, `\rb${ESC}[20`, '1~\r'],
      [{ kind: 'paste', text: 'a\nb' }, { kind: 'enter' }],
    ],
    ['a paste with sequences in it', [`${ESC}[200~a${ESC}]0;x\u0007b${ESC}[201~`], [{ kind: 'paste', text: 'a]0;xb' }]],
    ['lines that came at once without brackets', ['a\rb\r'], [{ kind: 'paste', text: 'a\nb' }, { kind: 'enter' }]],
    ['Alt-Enter and Ctrl-J', [`${ESC}\r`, '\n'], [{ kind: 'newline' }, { kind: 'newline' }]],
    ['keys that mean nothing here', [`${ESC}[15~`, `${ESC}x`, '\u0007'], []],
    ['Ctrl-C and Ctrl-D', ['\u0003', '\u0004'], [{ kind: 'interrupt' }, { kind: 'end-of-input' }]],
  ];
  for (const [what, chunks, keys] of cases) it(`are right for ${what}`, () => assert.deepEqual(read(...chunks), keys));
});

describe('a draft', () => {
  const at = (text: string, cursor: number) => ({ ...draftOf(text), cursor });
  const cases: [Edit, string, number, string, number][] = [
    ['left', 'ab', 0, 'ab', 0],
    ['right', 'ab', 2, 'ab', 2],
    ['start', 'ab\ncd', 4, 'ab\ncd', 3],
    ['start', '\na', 0, '\na', 0],
    ['end', 'ab\ncd', 1, 'ab\ncd', 2],
    ['backspace', 'a👍🏽b', 2, 'ab', 1],
    ['backspace', 'ab', 0, 'ab', 0],
    ['delete', 'ab', 1, 'a', 1],
    ['delete', 'ab', 2, 'ab', 2],
    ['word-left', 'one two ', 8, 'one two ', 4],
    ['word-right', 'one two', 3, 'one two', 7],
    ['erase-word', 'one two', 7, 'one ', 4],
    ['erase-before', 'a\nbcd', 4, 'a\nd', 2],
    ['erase-after', 'abc\nd', 1, 'a\nd', 1],
  ];
  for (const [how, text, cursor, expected, cursorAfter] of cases) {
    it(`changes by ${how} at ${cursor} of ${JSON.stringify(text)}`, () => {
      const draft = edit(at(text, cursor), how);
      assert.deepEqual([textOf(draft), draft.cursor], [expected, cursorAfter]);
    });
  }

  it('joins what belongs to the character before', () => {
    assert.deepEqual(insert(insert(EMPTY_DRAFT, 'e'), '\u0301').characters, ['e\u0301']);
  });
});

describe('the width of text', () => {
  const cases: [string, number][] = [
    ['abc', 3],
    ['漢字', 4],
    ['é', 1],
    ['e\u0301', 1],
    ['👍🏽', 2],
    ['👨‍👩‍👧', 2],
    ['🇩🇪', 2],
    ['☀️', 2],
    ['한국', 4],
    ['\u200b', 0],
    [`${ESC}[1mbold${ESC}[22m`, 4],
  ];
  for (const [text, width] of cases)
    it(`is ${width} for ${JSON.stringify(text)}`, () => assert.equal(textWidth(text), width));

  it('is kept when a line is cut', () => {
    assert.equal(fitTo('漢字漢字', 5), '漢字…');
    assert.equal(fitTo('abc', 3), 'abc');
  });
});

describe('the footer', () => {
  const view = { partial: '', status: 'idle', label: 'send ›', draft: draftOf('') };

  it('wraps a draft under itself, leaves the last column free, and knows where the cursor is', () => {
    const { lines, row, column } = layoutFooter({ ...view, draft: draftOf('abcdefghijkl') }, { columns: 20, rows: 24 });
    assert.deepEqual(lines, ['idle', 'send › abcdefghijkl', '       ']);
    assert.deepEqual([row, column], [2, 7]);
    const wide = layoutFooter({ ...view, draft: draftOf('漢字漢字漢字漢') }, { columns: 20, rows: 24 });
    assert.deepEqual(wide.lines, ['idle', 'send › 漢字漢字漢字', '       漢']);
    assert.ok(wide.lines.every((line) => textWidth(line) < 20));
  });

  it('shows of a draft longer than the terminal what is around the cursor', () => {
    const long = draftOf(Array.from({ length: 50 }, (_, n) => `line ${n}`).join('\n'));
    const bottom = layoutFooter({ ...view, draft: long }, { columns: 40, rows: 10 });
    assert.equal(bottom.lines.length, 9);
    assert.match(bottom.lines[bottom.row] ?? '', /line 49$/);
    const top = layoutFooter({ ...view, draft: { ...long, cursor: 0 } }, { columns: 40, rows: 10 });
    assert.match(top.lines[top.row] ?? '', /^send › line 0$/);
  });
});

describe('the live screen', () => {
  function screenOf() {
    const terminal = new TerminalScreen();
    const written: string[] = [];
    const write = (text: string) => {
      written.push(text);
      terminal.write(text);
    };
    const screen = new LiveScreen({ columns: 40, rows: 10, write });
    const show = (draft: string) => screen.show({ status: 'idle', label: 'send ›', draft: draftOf(draft) });
    return { terminal, screen, show, written };
  }

  it('only adds to what was printed, above the footer', () => {
    const { terminal, screen, show } = screenOf();
    show('typ');
    screen.flush();
    screen.print('one\ntwo\n');
    show('typing');
    screen.flush();
    assert.deepEqual(terminal.lines, ['one', 'two', 'idle', 'send › typing']);
    assert.deepEqual(terminal.cursor, { row: 3, column: 13 });
    screen.close();
    assert.deepEqual(terminal.lines, ['one', 'two', '']);
  });

  it('keeps the piece of a line until its end comes, and shows of a progress line the last', () => {
    const { terminal, screen, show } = screenOf();
    show('');
    screen.print('10 %\r50');
    screen.flush();
    assert.deepEqual(terminal.lines, ['50', 'idle', 'send ›']);
    screen.print(' %\rdone\r\nnext\n');
    screen.flush();
    assert.deepEqual(terminal.lines, ['done', 'next', 'idle', 'send ›']);
  });

  it('writes what comes in one go at once', async () => {
    const { screen, show, written } = screenOf();
    for (let n = 0; n < 1_000; n += 1) {
      screen.print(`line ${n}\n`);
      show('');
    }
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(written.length, 1);
  });
});
