import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, visit } from 'yaml';
import type { Document, Node, Pair, YAMLError } from 'yaml';

/** An anchor that is used so often, directly or through others, is there to exhaust us. */
const MAX_ALIASES = 100;

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
  const [document, more] = parse(text, lines);
  const fail = (message: string, offset: number): never => {
    const { line, col } = lines.linePos(offset);
    throw new YamlFault(message, { line, column: col });
  };
  if (document === undefined) throw new YamlFault('there is no document in it', null);
  if (more !== undefined) fail('there is more than one document in it', more.range[0]);
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) fail(wordsFor(error), error.pos[0]);
  assertPlain(document, fail);
  return { value: dataOf(document), lineOf: (path) => lines.linePos(offsetOf(document, path)).line };
}

function parse(text: string, lineCounter: LineCounter): Document.Parsed[] {
  const options = { prettyErrors: false, stringKeys: true, schema: 'core', version: '1.2', lineCounter } as const;
  const documents = parseAllDocuments(text, options);
  return Array.isArray(documents) ? documents : [];
}

/** In place of the parser's messages that quote the text, or speak of its own inside. */
const WORDS: Partial<Record<YAMLError['code'], string>> = {
  RESOURCE_EXHAUSTION: 'it is nested too deeply',
  TAG_RESOLVE_FAILED: 'tags are not allowed',
  BAD_DIRECTIVE: 'directives are not allowed',
  BAD_DQ_ESCAPE: 'Invalid escape sequence',
};

function wordsFor({ code, message }: YAMLError): string {
  // What comes after the colon is the text that was met.
  return WORDS[code] ?? (code === 'UNEXPECTED_TOKEN' ? message.replace(/: ".*$/s, '') : message);
}

/** What the parser itself lets pass: tags of YAML's own further types, anchors that are used before they are set, infinity. */
function assertPlain(document: Document.Parsed, fail: (message: string, offset: number) => never): void {
  visit(document, {
    Node: (_key, node) => {
      const offset = node.range?.[0] ?? 0;
      if (isAlias(node)) {
        if (node.resolve(document) === undefined) fail('an alias names no anchor before it', offset);
        return;
      }
      if (node.tag !== undefined && !PLAIN_TAGS.includes(node.tag)) fail('tags are not allowed', offset);
      if (isScalar(node) && typeof node.value === 'number' && !Number.isFinite(node.value)) {
        fail('a number must be finite', offset);
      }
    },
  });
}

function dataOf(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    if (error instanceof ReferenceError) throw new YamlFault('anchors are used too often', null);
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
