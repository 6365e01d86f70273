import { OPEN, ROUTES, type KINDS, type Kind } from '../../test/support/route-callers.js';
import { EXAMPLES } from './examples.js';
import type { Comments } from './field-comments.js';
import { fieldTable, refLink, typeWords, type Schema } from './field-rows.js';

interface Media {
  readonly schema: Schema;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly description?: string;
  readonly schema: Schema;
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Record<string, Media> }>
  >;
}

/** As much of our OpenAPI document as the page tells. */
export interface ApiDocument {
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const START = '<!-- made from here to the end by `npm run record:api` -->';
const OFF = '<!-- prettier-ignore-start -->';

/** docs/api.md made anew from the OpenAPI document; what stands before the mark stays as it is. */
export function apiPage(page: string, document: ApiDocument, comments: Comments): string {
  const [before] = page.split(START, 1);
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ route: `${method.toUpperCase()} ${path}`, operation })),
  );
  const chapters = document.tags.map(({ name }) =>
    chapter(
      name,
      operations.filter(({ operation }) => operation.tags[0] === name),
    ),
  );
  const schemas = Object.entries(document.components.schemas).map(([name, schema]) =>
    [`### ${name}`, comments.get(name) ?? '', fieldTable(schema, name, comments)].filter(Boolean).join('\n\n'),
  );
  return [`${before}${START}`, OFF, '## Statuses', statuses(document), ...chapters, '## Schemas', ...schemas]
    .concat('<!-- prettier-ignore-end -->')
    .join('\n\n')
    .concat('\n');
}

type Told = Readonly<{ route: string; operation: Operation }>;

function chapter(name: string, told: readonly Told[]): string {
  const example = EXAMPLES[name];
  const routes = told.map(section);
  return [`## ${name}`, ...(example === undefined ? [] : [`\`\`\`sh\n${example.trim()}\n\`\`\``]), ...routes].join(
    '\n\n',
  );
}

function section({ route, operation }: Told): string {
  const { summary, description = '', parameters, requestBody, responses } = operation;
  const media = Object.entries(requestBody?.content ?? {});
  const json = requestBody?.content['application/json']?.schema;
  const refusals = Object.keys(responses).filter(
    (status) => status !== '200' && responses[status]?.content !== undefined,
  );
  const others = Object.keys(responses).filter(
    (status) => status !== '200' && responses[status]?.content === undefined,
  );
  return [
    `### ${route}`,
    `${summary}.${description === '' ? '' : ` ${description}`}`,
    [
      `- **For**: ${callers(route)}.`,
      ...parameters.map(parameterLine),
      ...(json === undefined ? [] : [`- **Body**${media.length > 1 ? ' (or YAML)' : ''}: ${bodyWords(json)}`]),
      `- **Answers**: ${answerWords(responses['200']?.content ?? {})}`,
      ...others.map((status) => `- **${status}**: ${responses[status]?.description}`),
      `- **Refuses** with ${refusals.join(', ')}.`,
    ].join('\n'),
  ].join('\n\n');
}

/** In the words of the table that a test goes through, caller by caller. */
const CALLERS: Record<Kind, string> = {
  'of a run, its runner may': "operators of the run's tenant; the run's own runner while its attempt lives",
  'of a run, operators only': "operators of the run's tenant",
  'of a tenant': 'operators of its tenant',
  'a list of what one may see': 'operators; what their tenants have is in it',
  'made for a tenant': 'operators of the tenant that it names',
  "of the installation, every operator's": 'every operator',
  "of the installation, its operators'": 'operators of all tenants',
  'anybody known': 'every operator and every runner',
  'of a runner that waits, by its claim token': 'a warm runner that waits, by its claim token',
} satisfies Record<keyof typeof KINDS, string>;

function callers(route: string): string {
  if (OPEN.includes(route)) return 'anybody, without a token';
  const kind = ROUTES[route]?.[0];
  if (kind === undefined) throw new Error(`who may call ${route} is not said`);
  return CALLERS[kind];
}

function parameterLine({ name, in: place, description = '', schema }: Parameter): string {
  const byDefault = schema.default === undefined ? '' : `, default \`${JSON.stringify(schema.default)}\``;
  const words = description === '' ? '' : `: ${description}`;
  return `- \`${place === 'query' ? `?${name}=` : name}\` ${typeWords(schema, name)}${byDefault}${words}`;
}

function bodyWords(schema: Schema): string {
  if (schema.$ref !== undefined) return refLink(schema.$ref);
  const members = schema.anyOf?.map(bodyWords);
  if (members !== undefined) return members.join(' or ');
  const fields = Object.entries(schema.properties ?? {}).map(
    ([name, field]) => `\`${name}\` (${shortWords(field, name)})`,
  );
  return fields.length === 0 ? typeWords(schema) : fields.join(', ');
}

function shortWords(schema: Schema, name: string): string {
  const byDefault = schema.default === undefined ? '' : `, default \`${JSON.stringify(schema.default)}\``;
  return `${typeWords(schema, name)}${byDefault}`;
}

/** The `data` of the envelope, or what it is instead of one. */
function answerWords(content: Readonly<Record<string, Media>>): string {
  return Object.entries(content)
    .map(([type, { schema }]) => {
      const data = schema.properties?.['data'];
      return data === undefined ? `${type}: ${bodyWords(schema)}, without the envelope` : bodyWords(data);
    })
    .join('; ');
}

/** What each status means, once for all routes. */
function statuses({ paths }: ApiDocument): string {
  const all = Object.values(paths).flatMap((methods) => Object.values(methods));
  const meanings = new Map(
    all.flatMap(({ responses }) =>
      Object.entries(responses).flatMap(([status, { description, content }]) =>
        status === '200' || content === undefined ? [] : [[Number(status), description] as const],
      ),
    ),
  );
  const rows = [...meanings].sort(([a], [b]) => a - b).map(([status, words]) => `| ${status} | ${words} |`);
  return ['| status | |', '| --- | --- |', ...rows].join('\n');
}
