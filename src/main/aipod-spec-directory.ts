import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Logger } from 'pino';
import { ConfigurationError, type Settings } from '../config.js';
import { aipodSpecKey } from '../domain/aipod-spec-versions.js';
import { placeWords, readAipodText, type DocumentFault } from '../http/validation/aipod-document.js';
import { aipodSpecDraft } from '../operations/aipod-specs/aipod-specs.js';
import type { AipodSpecDraft, AipodSpecStore } from '../ports/aipod-spec-store.js';

const VARIABLE = 'AGENTRUN_AIPOD_SPEC_DIR';
const EXTENSIONS = ['.yaml', '.yml', '.json'];

/**
 * The AipodSpecs that AGENTRUN_AIPOD_SPEC_DIR declares, one a file, by the files' names; none where it is not set.
 * @throws ConfigurationError with one line per fault in any of the files.
 */
export async function readAipodSpecDirectory(settings: Settings): Promise<AipodSpecDraft[]> {
  const directory = settings.AGENTRUN_AIPOD_SPEC_DIR;
  if (directory === undefined) return [];
  const files = await specFiles(directory);
  const found = await Promise.all(
    files.map(async (file) => ({ file, ...(await readSpecFile(join(directory, file))) })),
  );
  const faults = [
    ...found.flatMap(({ file, faults }) => faults.map((fault) => faultLine(file, fault))),
    ...namesakes(found),
  ];
  if (faults.length > 0) throw new ConfigurationError(faults.map((line) => `${VARIABLE}: ${line}`).join('\n'));
  return found.flatMap(({ draft }) => draft ?? []);
}

/** Applies them all, or none; what is stored already stays as it is. Processes that start together wait for each other. */
export async function loadAipodSpecs(
  store: AipodSpecStore,
  drafts: readonly AipodSpecDraft[],
  logger: Logger,
): Promise<void> {
  if (drafts.length === 0) return;
  for (const { action, record } of await store.applyAll(drafts)) {
    logger.info({ aipodSpec: record.name, version: record.version, action }, 'aipod spec loaded');
  }
}

/** Hidden files are another's: a mounted volume keeps its own in the folder. */
async function specFiles(directory: string): Promise<string[]> {
  try {
    const files = await readdir(directory);
    return files.filter((file) => !file.startsWith('.') && EXTENSIONS.includes(extname(file))).sort();
  } catch (error) {
    throw new ConfigurationError(`${VARIABLE} is ${directory}, which cannot be read (${codeOf(error)})`);
  }
}

interface SpecFile {
  readonly faults: readonly DocumentFault[];
  readonly draft?: AipodSpecDraft;
}

async function readSpecFile(path: string): Promise<SpecFile> {
  const isJson = extname(path) === '.json';
  const text = await readFile(path).then(decoded, (error: unknown) => ({ unreadable: codeOf(error) }));
  if (typeof text !== 'string') return { faults: [wholeFile(`cannot be read (${text.unreadable})`)] };
  const read = readAipodText(text);
  if ('faults' in read) return { faults: read.faults };
  // Whatever is JSON is YAML too, but not the other way round.
  if (isJson && !parsesAsJson(text)) return { faults: [wholeFile('is not JSON')] };
  const from = { source: isJson ? null : text, origin: 'dir', appliedBy: null } as const;
  return { faults: [], draft: aipodSpecDraft(read.document, from) };
}

function decoded(bytes: Buffer): string | { unreadable: string } {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { unreadable: 'it is not UTF-8' };
  }
}

function parsesAsJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function wholeFile(message: string): DocumentFault {
  return { field: null, message, line: null, column: null };
}

/** `reviewer.yaml, line 7: spec.executionPolicy.timeoutMs must be >= 1000` */
function faultLine(file: string, fault: DocumentFault): string {
  return [file, placeWords(fault)].filter((part) => part !== '').join(', ') + `: ${fault.message}`;
}

function namesakes(files: readonly { file: string; draft?: AipodSpecDraft }[]): string[] {
  const first = new Map<string, string>();
  return files.flatMap(({ file, draft }) => {
    if (draft === undefined) return [];
    const { name } = draft.document.metadata;
    const other = first.get(aipodSpecKey(name));
    if (other === undefined) first.set(aipodSpecKey(name), file);
    return other === undefined ? [] : [`${file}: metadata.name ${name} is taken by ${other}`];
  });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}
