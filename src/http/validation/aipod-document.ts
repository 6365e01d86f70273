import { AIPOD_SPEC_MAX_LENGTH, AipodSpec } from '../../contract/aipod-spec.js';
import { AgentRunError, invalid } from '../../domain/errors.js';
import { assertNoCredentials } from '../../operations/runs/repo-url.js';
import type { Fault } from './message.js';
import { assertStorable } from './storable.js';
import { faultsOf } from './validate.js';
import { readYaml, YamlFault } from './yaml-document.js';

/** What is wrong with a document. `field` is null where the text itself cannot be read; lines and columns count from 1. */
export interface DocumentFault {
  readonly field: string | null;
  readonly message: string;
  readonly line: number | null;
  readonly column: number | null;
}

export type ReadDocument = { readonly document: AipodSpec } | { readonly faults: readonly DocumentFault[] };

/** An AipodSpec from its YAML (or JSON) text, or all that is wrong with it. */
export function readAipodText(text: string): ReadDocument {
  const long = tooLong(text.length);
  if (long !== undefined) return { faults: [long] };
  try {
    const { value, lineOf } = readYaml(text);
    const found = faultsOfDocument(value);
    if (found.length === 0) return { document: value as AipodSpec };
    return {
      faults: found.map(({ field, message, path }) => ({ field, message, line: lineOf(path), column: null })),
    };
  } catch (error) {
    if (!(error instanceof YamlFault)) throw error;
    const { line, column } = error.place ?? { line: null, column: null };
    return { faults: [{ field: null, message: error.message, line, column }] };
  }
}

/**
 * The document of a request's body, which has the form of its schema already, and its YAML text where it was one.
 * @throws schema-invalid that names the field, and of YAML its line.
 */
export function documentOfBody(body: AipodSpec | { yaml: string }): { document: AipodSpec; source: string | null } {
  if (!('yaml' in body)) return { document: documentOfJson(body), source: null };
  const read = readAipodText(body.yaml);
  if ('document' in read) return { document: read.document, source: body.yaml };
  const [fault] = read.faults;
  if (fault === undefined) throw new Error('a document without a fault was refused');
  throw refusalOf(fault);
}

function documentOfJson({ apiVersion, kind, metadata, spec }: AipodSpec): AipodSpec {
  const document = { apiVersion, kind, metadata, spec };
  const [fault] = faultsOfDocument(document);
  if (fault !== undefined) throw invalid(fault.field, fault.message);
  return document;
}

function refusalOf({ field, message, line, column }: DocumentFault): AgentRunError {
  const where = placeWords({ line, column });
  const at = { ...(line !== null && { line }), ...(column !== null && { column }) };
  const suffix = where === '' ? '' : ` (${where})`;
  if (field === null) return invalid('yaml', `the YAML cannot be read: ${message}${suffix}`, at);
  return invalid(field, `${message}${suffix}`, at);
}

/** `line 3, column 5` */
export function placeWords({ line, column }: Pick<DocumentFault, 'line' | 'column'>): string {
  if (line === null) return '';
  return column === null ? `line ${line}` : `line ${line}, column ${column}`;
}

/** Storable before valid: the walk knows no bottomless or circular value that the schema would follow. */
function faultsOfDocument(value: unknown): Fault[] {
  const unstorable = refusedBy(() => assertStorable(value));
  if (unstorable.length > 0) return unstorable;
  const faults = faultsOf(AipodSpec, value);
  if (faults.length > 0) return faults;
  const { repoUrl } = (value as AipodSpec).spec.workspaceRef ?? {};
  const found = repoUrl === undefined ? [] : refusedBy(() => assertNoCredentials(repoUrl, 'spec.workspaceRef.repoUrl'));
  const long = tooLong(JSON.stringify(value).length);
  return long === undefined ? found : [...found, { field: 'body', message: long.message, path: [] }];
}

function refusedBy(assert: () => void): Fault[] {
  try {
    assert();
    return [];
  } catch (error) {
    if (!(error instanceof AgentRunError)) throw error;
    const field = String(error.details['field']);
    const path = field.split(/[.[\]]+/).filter((segment) => segment !== '');
    return [{ field, message: error.message, path }];
  }
}

/** Text may also grow by its anchors. */
function tooLong(length: number): DocumentFault | undefined {
  if (length <= AIPOD_SPEC_MAX_LENGTH) return undefined;
  const message = `a spec has at most ${AIPOD_SPEC_MAX_LENGTH} characters`;
  return { field: null, message, line: null, column: null };
}
