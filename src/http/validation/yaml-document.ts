import { Composer, isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, Parser, visit } from 'yaml';
import type { CST, Document, Node, Pair, YAMLError } from 'yaml';

/** Aliases in a text, and values that they stand for: more are there to exhaust us. */
const MAX_ALIASES = 100;

/** As deep as any body may be. */
const MAX_DEPTH = 100;

const PLAIN_TAGS = ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((name) => `tag:yaml.org,2002:${name}`);

/** Text that is not one plain YAML document. The message says why and repeats nothing of the text. */
export class YamlFault extends Error {
  override readonly name = 'YamlFault';

  /** Line and column count from 1; null where the whole text is meant. */
  constructor(
    message: string,
    readonly place: { readonly line: number; readonly column: number } | null,
  ) {
    super(message);
  }
}

export interface YamlDocument {
  readonly value: unknown;
  /** The line of a value, by its path from the root; of the nearest one around it where there is none. */
  readonly lineOf: (path: readonly string[]) => number;
}

/**
 * Reads one YAML 1.2 document of plain data, which JSON is too. Numbers are JSON's.
 * @throws YamlFault for anything else: several documents, a key twice, tags and directives, anchors that grow without end.
 */
export function readYaml(text: string): YamlDocument {
  const lines = new LineCounter();
  const fail: Fail = (message, offset) => {
    const { line, col } = lines.linePos(offset);
    throw new YamlFault(message, { line, column: col });
  };
  const options = { prettyErrors: false, stringKeys: true, schema: 'core', version: '1.2' } as const;
  const [document, more] = [...new Composer(options).compose(tokensOf(text, lines, fail))];
  if (document === undefined) throw new YamlFault('there is no document in it', null);
  if (more !== undefined) fail('there is more than one document in it', more.range[0]);
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) fail(wordsFor(error), error.pos[0]);
  assertPlain(document, fail);
  return { value: dataOf(document), lineOf: (path) => lines.linePos(offsetOf(document, path)).line };
}

type Fail = (message: string, offset: number) => never;

/** Nesting is refused while it is read: what follows works by recursion, and an engine that runs out of stack may end the process. */
function* tokensOf(text: string, lines: LineCounter, fail: Fail): Generator<CST.Token, void> {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > MAX_DEPTH) fail(`it is nested deeper than ${MAX_DEPTH} levels`, parser.offset);
  }
  yield* parser.end();
}

/** In place of the parser's messages that quote the text. */
const WORDS: Partial<Record<YAMLError['code'], string>> = {
  TAG_RESOLVE_FAILED: 'tags are not allowed',
  BAD_DIRECTIVE: 'directives are not allowed',
  BAD_DQ_ESCAPE: 'Invalid escape sequence',
};

function wordsFor({ code, message }: YAMLError): string {
  // What comes after the colon is the text that was met.
  return WORDS[code] ?? (code === 'UNEXPECTED_TOKEN' ? message.replace(/: ".*$/s, '') : message);
}

/** What the parser itself lets pass: tags of YAML's own further types, aliases of nothing, aliases without end, infinity. */
function assertPlain(document: Document.Parsed, fail: Fail): void {
  const anchors = new Set<string>();
  let aliases = 0;
  visit(document, {
    Alias: (_key, { source, range }) => {
      aliases += 1;
      if (aliases > MAX_ALIASES) fail(TOO_MANY_ALIASES, range?.[0] ?? 0);
      if (!anchors.has(source)) fail('an alias names no anchor before it', range?.[0] ?? 0);
    },
    Value: (_key, node) => {
      const offset = node.range?.[0] ?? 0;
      if (node.anchor !== undefined) anchors.add(node.anchor);
      if (node.tag !== undefined && !PLAIN_TAGS.includes(node.tag)) fail('tags are not allowed', offset);
      if (isScalar(node) && typeof node.value === 'number' && !Number.isFinite(node.value)) {
        fail('a number must be finite', offset);
      }
    },
  });
}

const TOO_MANY_ALIASES = 'anchors are used too often';

function dataOf(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    if (error instanceof ReferenceError) throw new YamlFault(TOO_MANY_ALIASES, null);
    throw error;
  }
}

function offsetOf(document: Document.Parsed, path: readonly string[]): number {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const segment of path) {
    const child = childOf(isAlias(node) ? node.resolve(document) : node, segment);
    if (child === undefined) break;
    offset = child.offset ?? offset;
    node = child.node;
  }
  return offset;
}

/** Where a child stands: a field at its key, an item at itself. */
function childOf(parent: unknown, segment: string): { node: Node | null; offset: number | undefined } | undefined {
  if (isSeq<Node>(parent)) {
    const node = parent.items[Number(segment)];
    return node && { node, offset: node.range?.[0] };
  }
  if (!isMap<Node, Node | null>(parent)) return undefined;
  const pair = parent.items.find(({ key }: Pair<Node, Node | null>) => isScalar(key) && String(key.value) === segment);
  return pair && { node: pair.value, offset: pair.key.range?.[0] };
}
