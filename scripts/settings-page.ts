import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TSchema } from 'typebox';
import { Settings } from '../src/config.js';
import { KUBERNETES_SETTINGS } from '../src/config/kubernetes-settings.js';
import { OIDC_SETTINGS } from '../src/config/oidc-settings.js';
import { PAYLOAD_SETTINGS } from '../src/config/payload-settings.js';
import { TELEMETRY_SETTINGS } from '../src/config/telemetry-settings.js';
import { projectRoot } from './project-root.js';

export const SETTINGS_PAGE = join(projectRoot, 'docs/settings.md');

const START = '<!-- made from here to the end by `npm run record:settings` -->';

const CHAPTERS: Readonly<Record<string, object>> = {
  'Runners in a cluster': KUBERNETES_SETTINGS,
  Telemetry: TELEMETRY_SETTINGS,
  'Tokens of an identity provider': OIDC_SETTINGS,
  'Encryption of what Temporal keeps': PAYLOAD_SETTINGS,
};

/** The page as it is, and as this program would make it; what stands before the mark stays. */
export function recordedSettingsPage(): { readonly page: string; readonly anew: string } {
  const page = readFileSync(SETTINGS_PAGE, 'utf8');
  const [before] = page.split(START, 1);
  const elsewhere = new Set(Object.values(CHAPTERS).flatMap((chapter) => Object.keys(chapter)));
  const all: Readonly<Record<string, TSchema>> = Settings.properties;
  const others = Object.keys(all).filter((name) => !elsewhere.has(name));
  const chapters: readonly (readonly [string, readonly string[]])[] = [
    ['The manager', others],
    ...Object.entries(CHAPTERS).map(([title, settings]) => [title, Object.keys(settings)] as const),
  ];
  const rows = (names: readonly string[]) => Object.entries(all).filter(([name]) => names.includes(name));
  const parts = chapters.flatMap(([title, names]) => [`## ${title}`, table(rows(names))]);
  const anew = [`${before}${START}`, '<!-- prettier-ignore-start -->', ...parts, '<!-- prettier-ignore-end -->'];
  return { page, anew: `${anew.join('\n\n')}\n` };
}

function table(settings: readonly (readonly [string, TSchema])[]): string {
  const rows = settings.map(([name, schema]) => row(name, schema));
  return ['| variable | value | default | |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function row(name: string, schema: TSchema): string {
  const { description, default: otherwise } = schema as { description?: string; default?: string | number };
  const cells = [`\`${name}\``, valueWords(schema), otherwise === undefined ? '' : `\`${String(otherwise)}\``];
  return `| ${[...cells, description ?? ''].map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function valueWords(schema: TSchema): string {
  const {
    type,
    enum: words,
    minimum,
    exclusiveMinimum,
    maximum,
  } = schema as {
    readonly type?: string;
    readonly enum?: readonly string[];
    readonly minimum?: number;
    readonly exclusiveMinimum?: number;
    readonly maximum?: number;
  };
  if (words !== undefined) return words.map((word) => `\`${word}\``).join(', ');
  if (type === 'string') return 'text';
  const least = exclusiveMinimum === undefined ? (minimum?.toLocaleString('en') ?? '') : `above ${exclusiveMinimum}`;
  return maximum === undefined ? `from ${least}` : `${least} to ${maximum.toLocaleString('en')}`;
}
