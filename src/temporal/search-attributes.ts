import { isGrpcServiceError, type Connection } from '@temporalio/client';
import { setTimeout as delay } from 'node:timers/promises';

/** By the server's own numbers (temporal.api.enums.v1.IndexedValueType), each with a value that a query may compare it with. */
const KINDS = {
  Text: { number: 1, sample: "'none'" },
  Keyword: { number: 2, sample: "'none'" },
  Int: { number: 3, sample: '0' },
  Double: { number: 4, sample: '0.5' },
  Bool: { number: 5, sample: 'false' },
  Datetime: { number: 6, sample: "'2000-01-01T00:00:00Z'" },
  KeywordList: { number: 7, sample: "'none'" },
} as const;

/** gRPC's own numbers. */
const INVALID_ARGUMENT = 3;
/** What a managed server says to its operator's API: not allowed, not here, not to you. */
const REFUSALS = [7, 12, 16];

export type SearchAttributeKind = keyof typeof KINDS;
export type SearchAttributes = Record<string, SearchAttributeKind>;
type Named = [name: string, kind: SearchAttributeKind];

/** A name is taken by another kind; only a fresh database (or another name) helps. */
export class SearchAttributeConflict extends Error {
  override readonly name = 'SearchAttributeConflict';
}

/** The server lacks some and lets nobody make them from here; the message says which, and how they are made. */
class SearchAttributesMissing extends Error {
  override readonly name = 'SearchAttributesMissing';

  constructor(namespace: string, missing: readonly Named[]) {
    const names = missing.map(([name, kind]) => `${name} (${kind})`).join(', ');
    const options = missing.map(([name, kind]) => `--name ${name} --type ${kind}`).join(' ');
    const cloud = missing.map(([name, kind]) => `--search-attribute ${name}=${kind}`).join(' ');
    super(
      `Temporal's namespace ${namespace} lacks search attributes and lets AgentRun make none: ${names}. Make them, then start again: ` +
        `temporal operator search-attribute create --namespace ${namespace} ${options}; in Temporal Cloud: ` +
        `tcld namespace search-attributes add --namespace ${namespace} ${cloud}`,
    );
  }
}

const VISIBLE_TIMEOUT_MS = 15_000;

/**
 * Registers what the namespace lacks, and returns when the server lists it. A managed server, which keeps that to itself, is only
 * asked whether they are there.
 * @throws SearchAttributeConflict where a name is registered with another kind; SearchAttributesMissing.
 */
export async function ensureSearchAttributes(
  connection: Connection,
  namespace: string,
  wanted: SearchAttributes,
): Promise<void> {
  const missing = await missingOf(connection, namespace, wanted);
  if (missing.length === 0) return;
  await add(connection, namespace, missing);
  const deadline = Date.now() + VISIBLE_TIMEOUT_MS;
  while ((await missingOf(connection, namespace, wanted)).length > 0) {
    if (Date.now() > deadline) throw new Error(`the search attributes of ${namespace} do not become visible`);
    await delay(100);
  }
}

async function add(connection: Connection, namespace: string, missing: readonly Named[]): Promise<void> {
  const searchAttributes = Object.fromEntries(missing.map(([name, kind]) => [name, KINDS[kind].number]));
  try {
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (error) {
    throw codeIn(error, REFUSALS) ? new SearchAttributesMissing(namespace, missing) : error;
  }
}

async function missingOf(connection: Connection, namespace: string, wanted: SearchAttributes): Promise<Named[]> {
  try {
    return notAmong((await connection.operatorService.listSearchAttributes({ namespace })).customAttributes, wanted);
  } catch (error) {
    if (!codeIn(error, REFUSALS)) throw error;
    return unknownToQueries(connection, namespace, Object.entries(wanted));
  }
}

function notAmong(known: Record<string, number>, wanted: SearchAttributes): Named[] {
  return Object.entries(wanted).filter(([name, kind]) => {
    const found = known[name];
    if (found !== undefined && found !== KINDS[kind].number) {
      const foundKind = Object.entries(KINDS).find(([, { number }]) => number === found)?.[0] ?? String(found);
      throw new SearchAttributeConflict(
        `the search attribute ${name} is registered as ${foundKind}, but ${kind} is wanted`,
      );
    }
    return found === undefined;
  });
}

/** A query that names one that is not there, or compares it with a value of another kind, is refused as a whole. */
async function unknownToQueries(connection: Connection, namespace: string, wanted: Named[]): Promise<Named[]> {
  if (await isTaken(connection, namespace, wanted)) return [];
  const taken = await Promise.all(wanted.map(async (one) => isTaken(connection, namespace, [one])));
  return wanted.filter((_, index) => taken[index] !== true);
}

async function isTaken(connection: Connection, namespace: string, named: readonly Named[]): Promise<boolean> {
  const query = named.map(([name, kind]) => `${name} = ${KINDS[kind].sample}`).join(' AND ');
  try {
    await connection.workflowService.countWorkflowExecutions({ namespace, query });
    return true;
  } catch (error) {
    if (codeIn(error, [INVALID_ARGUMENT])) return false;
    throw error;
  }
}

function codeIn(error: unknown, codes: readonly number[]): boolean {
  return isGrpcServiceError(error) && codes.includes(error.code);
}
