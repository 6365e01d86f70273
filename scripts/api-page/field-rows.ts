import { NAME_PATTERN } from '../../src/contract/common.js';
import { SESSION_ID_PATTERN } from '../../src/domain/ids.js';
import type { Comments } from './field-comments.js';

/** As much of JSON Schema as ours use. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly format?: string;
  readonly pattern?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

interface Field {
  readonly name: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
  readonly words: string;
}

/** A table of an object's fields, those of objects within it under their paths; in a line what is no object. */
export function fieldTable(schema: Schema, name: string, comments: Comments): string {
  const [object, ...others] = alternatives(schema).filter(({ properties }) => properties !== undefined);
  if (object === undefined || others.length > 0) return oneOf(schema, name, comments);
  const rows = fieldsOf(object, '', name, comments).map(row);
  return rows.length === 0 ? 'An empty object.' : [HEAD, RULE, ...rows].join('\n');
}

const HEAD = '| field | type | needed | limits | |';
const RULE = '| --- | --- | --- | --- | --- |';

/** One table for each object that it may be. */
function oneOf(schema: Schema, name: string, comments: Comments): string {
  const members = alternatives(schema);
  if (!members.some(({ properties }) => properties !== undefined)) return `${typeWords(schema)}.`;
  const tables = members.map((member) =>
    member.properties === undefined ? `${typeWords(member)}.` : fieldTable(member, name, comments),
  );
  return tables.map((table, index) => `${index === 0 ? 'Either:' : 'Or:'}\n\n${table}`).join('\n\n');
}

function fieldsOf(schema: Schema, path: string, name: string, comments: Comments): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    const at = path === '' ? key : `${path}.${key}`;
    const isRequired = schema.required?.includes(key) === true && !('default' in field);
    const words = field.description ?? comments.get(`${name}.${at}`) ?? EVERYWHERE[key] ?? '';
    const inner = alternatives(field).find(({ properties }) => properties !== undefined);
    const own: Field = { name: at, schema: field, isRequired, words };
    return [own, ...(inner === undefined ? [] : fieldsOf(inner, at, name, comments))];
  });
}

/** What a field means wherever nothing else is said of it. */
const EVERYWHERE: Readonly<Record<string, string>> = {
  valuesPrinted: 'No secret value is in this object.',
  idempotencyKey: 'The same key and body answers the first result again; another body, 409.',
  traceId: 'Finds it in the log and in traces.',
  tenantId: 'Whose it is: a boundary.',
  projectId: "A label within the tenant's things.",
  backendProfile: 'Which agent works: a profile, or a kind that needs none.',
  providerId: 'A label of yours; told in traces.',
  metadata: 'Yours: kept and answered as it is.',
  nextCursor: 'For the next page; absent on the last one.',
  createdAt: 'When it was made.',
  updatedAt: 'When it changed last.',
  finishedAt: 'When it ended.',
  failureKind: 'Why, for programs: see the runbook.',
  failureMessage: 'Why, in the words of whoever told it.',
  diagnosis: 'What happened and what to do next, in one sentence.',
  terminalStatus: 'How it ended; null while it lives.',
  runnerId: 'The runner that it is about.',
  attempt: 'Which try it is, from 1.',
  leaseMs: 'How long the lease lasts from now, unless it is renewed.',
  readerId: 'Whose unread marks count.',
  reason: 'Why, for people; shown where it ended.',
  sandbox: 'What the agent may write, as far as its backend keeps to it.',
  approval: 'Whether the agent may stop to ask.',
  network: 'Whether its commands may use the network, as far as its backend keeps to it.',
  timeoutMs: 'The longest that one turn may take.',
  idleTimeoutMs: 'The longest silence within a turn.',
  maxAttempts: 'How often it is tried, the first included.',
  backoffMs: 'The wait before the second try; doubles from there.',
  maxBackoffMs: 'The longest wait between two tries.',
  workspaceRef: 'Where the agent works.',
  sessionRef: 'The session that it belongs to.',
  executionPolicy: 'What it may do, and how long one turn may take.',
  retryPolicy: 'How often it is tried again.',
};

function row({ name, schema, isRequired, words }: Field): string {
  const cells = [`\`${name}\``, typeWords(schema, name), isRequired ? 'yes' : '', limits(schema), words];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

/** What it may be, in words, with its unit where its name says one. */
export function typeWords(schema: Schema, name = ''): string {
  const words = alternatives(schema).map((member) => plainWords(member));
  const unit = unitOf(name, schema);
  return [...new Set(words)].join(' or ') + (unit === '' ? '' : `, ${unit}`) + (isNullable(schema) ? ' or null' : '');
}

function plainWords(schema: Schema): string {
  if (schema.$ref !== undefined) return refLink(schema.$ref);
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((word) => `\`${String(word)}\``).join(', ');
  if (schema.items !== undefined) return `list of ${typeWords(schema.items)}`;
  if (schema.format === 'date-time') return 'time';
  return WORDS_OF_PATTERNS.get(schema.pattern ?? '') ?? idWords(schema) ?? schema.type ?? 'anything';
}

/** So common that the page explains them once. */
const WORDS_OF_PATTERNS = new Map([
  [NAME_PATTERN, 'name'],
  [SESSION_ID_PATTERN, 'session id'],
]);

function idWords({ pattern = '' }: Schema): string | undefined {
  const kind = /^\^([a-z]+)_/.exec(pattern)?.[1];
  return kind && `id \`${kind}_…\``;
}

export function refLink(ref: string): string {
  const name = ref.replace('#/components/schemas/', '');
  return `[${name}](#${name.toLowerCase()})`;
}

/** In the order in which they are looked for: the first that a name ends with is its unit. */
const UNITS = [
  [/Ms$/, 'ms'],
  [/Bytes$/, 'bytes'],
  [/Seconds$/, 's'],
  [/Tokens$/, 'tokens'],
] as const;

function unitOf(name: string, schema: Schema): string {
  const isNumber = alternatives(schema).some(({ type }) => type === 'integer' || type === 'number');
  return isNumber ? (UNITS.find(([ending]) => ending.test(name))?.[1] ?? '') : '';
}

function limits(schema: Schema): string {
  const told = alternatives(schema).flatMap((member) => limitsOf(member));
  const byDefault = schema.default ?? alternatives(schema).find((member) => member.default !== undefined)?.default;
  return [...new Set(told), ...(byDefault === undefined ? [] : [`default \`${JSON.stringify(byDefault)}\``])].join(
    '; ',
  );
}

function limitsOf(schema: Schema): string[] {
  const { pattern, minimum, maximum, minLength, maxLength, minItems, maxItems } = schema;
  const isKnown = idWords(schema) !== undefined || WORDS_OF_PATTERNS.has(pattern ?? '');
  return [
    range(minimum, maximum, ''),
    range(minLength, maxLength, ' characters'),
    range(minItems, maxItems, ' items'),
    pattern === undefined || isKnown ? '' : `\`${pattern}\``,
  ].filter((words) => words !== '');
}

function range(from: number | undefined, to: number | undefined, what: string): string {
  const number = (value: number) => value.toLocaleString('en');
  if (from === undefined && to === undefined) return '';
  if (to === undefined && from === 1 && what !== '') return 'not empty';
  if (to === undefined || to === Number.MAX_SAFE_INTEGER) return `from ${number(from ?? 0)}${what}`;
  return from === undefined || (from === 0 && what !== '')
    ? `at most ${number(to)}${what}`
    : `${number(from)} to ${number(to)}${what}`;
}

/** Null is said beside it. */
function alternatives(schema: Schema): readonly Schema[] {
  return schema.anyOf?.filter(({ type }) => type !== 'null').flatMap(alternatives) ?? [schema];
}

function isNullable({ anyOf }: Schema): boolean {
  return anyOf?.some(({ type }) => type === 'null') === true;
}
