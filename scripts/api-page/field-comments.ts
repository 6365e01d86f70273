import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** What the schemas' sources say of a schema and of its fields, by `Schema` and `Schema.field`. */
export type Comments = ReadonlyMap<string, string>;

interface Declared {
  readonly own: Map<string, string>;
  /** Schemas whose fields it has, too: spread into it, or what it is an interface of. */
  readonly bases: string[];
}

/** The comments stand where the schemas are, and nowhere else: in the sources of this folder. */
export function fieldComments(folder: string): Comments {
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  const declared = new Map(files.flatMap((name) => [...declaredIn(join(folder, name))]));
  const told = new Map<string, string>();
  for (const name of declared.keys()) {
    for (const [field, words] of withBases(name, declared)) told.set(field === '' ? name : `${name}.${field}`, words);
  }
  return told;
}

function withBases(name: string, declared: ReadonlyMap<string, Declared>): Map<string, string> {
  const { own, bases } = declared.get(name) ?? { own: new Map<string, string>(), bases: [] };
  const inherited = bases.flatMap((base) => [...withBases(base, declared)].filter(([field]) => field !== ''));
  return new Map([...inherited, ...own]);
}

function declaredIn(file: string): Map<string, Declared> {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const found = new Map<string, Declared>();
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (!ts.isIdentifier(name) || initializer === undefined) continue;
      const own = new Map<string, string>();
      const words = commentOf(statement);
      if (words !== undefined) own.set('', words);
      const bases: string[] = [];
      gather(initializer, '', own, bases);
      found.set(name.text, { own, bases });
    }
  }
  return found;
}

function gather(node: ts.Node, path: string, own: Map<string, string>, bases: string[]): void {
  if (ts.isPropertyAssignment(node)) {
    const field = path === '' ? node.name.getText() : `${path}.${node.name.getText()}`;
    const words = commentOf(node);
    if (words !== undefined) own.set(field, words);
    gather(node.initializer, field, own, bases);
    return;
  }
  if (path === '' && (ts.isSpreadAssignment(node) || ts.isArrayLiteralExpression(node))) bases.push(...namesIn(node));
  ts.forEachChild(node, (child) => gather(child, path, own, bases));
}

function namesIn(node: ts.Node): string[] {
  if (ts.isIdentifier(node)) return [node.text];
  const names: string[] = [];
  ts.forEachChild(node, (child) => void names.push(...namesIn(child)));
  return names;
}

function commentOf(node: ts.Node): string | undefined {
  const text = node.getSourceFile().text;
  const ranges = ts.getLeadingCommentRanges(text, node.getFullStart()) ?? [];
  const last = ranges.map(({ pos, end }) => text.slice(pos, end)).findLast((comment) => comment.startsWith('/**'));
  return last
    ?.replace(/^\/\*\*|\*\/$/g, '')
    .replaceAll(/^\s*\* ?/gm, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
