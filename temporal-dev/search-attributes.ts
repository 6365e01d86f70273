import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '@temporalio/client';

/** The server's own numbers (temporal.api.enums.v1.IndexedValueType). */
const KINDS = { Text: 1, Keyword: 2, Int: 3, Double: 4, Bool: 5, Datetime: 6, KeywordList: 7 } as const;

export type SearchAttributeKind = keyof typeof KINDS;
export type SearchAttributes = Record<string, SearchAttributeKind>;

/** A name is taken by another kind; only a fresh database (or another name) helps. */
export class SearchAttributeConflict extends Error {
  override readonly name = 'SearchAttributeConflict';
}

const VISIBLE_TIMEOUT_MS = 15_000;

/**
 * Registers what the namespace lacks, and returns when the server lists it. Needed beside the `--search-attribute` flag:
 * over an existing database file the flag adds nothing. Throws `SearchAttributeConflict` when a name is
 * registered with another kind.
 */
export async function ensureSearchAttributes(
  connection: Connection,
  namespace: string,
  wanted: SearchAttributes,
): Promise<void> {
  const missing = missingFrom(await registered(connection, namespace), wanted);
  if (missing.length === 0) return;
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map(([name, kind]) => [name, KINDS[kind]])),
  });
  const deadline = Date.now() + VISIBLE_TIMEOUT_MS;
  while (missingFrom(await registered(connection, namespace), wanted).length > 0) {
    if (Date.now() > deadline) throw new Error(`the search attributes of ${namespace} do not become visible`);
    await delay(100);
  }
}

async function registered(connection: Connection, namespace: string): Promise<Record<string, number>> {
  return (await connection.operatorService.listSearchAttributes({ namespace })).customAttributes;
}

function missingFrom(known: Record<string, number>, wanted: SearchAttributes): [string, SearchAttributeKind][] {
  return Object.entries(wanted).filter(([name, kind]) => {
    const found = known[name];
    if (found !== undefined && found !== KINDS[kind]) {
      const foundKind = Object.entries(KINDS).find(([, number]) => number === found)?.[0] ?? String(found);
      throw new SearchAttributeConflict(
        `the search attribute ${name} is registered as ${foundKind}, but ${kind} is wanted`,
      );
    }
    return found === undefined;
  });
}
