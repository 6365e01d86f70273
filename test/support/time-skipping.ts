import { TestWorkflowEnvironment } from '@temporalio/testing';
import { SEARCH_ATTRIBUTES } from '../../src/domain/search-attributes.js';
import { resolveTestServer } from '../../temporal-dev/resolve-test-server.js';
import { quietRuntime } from './quiet-runtime.js';
import { cacheDir } from './temporal-server.js';

/** `INDEXED_VALUE_TYPE_KEYWORD` of Temporal's API. */
const KEYWORD = 2;

/** A Temporal test server in which waiting costs nothing. The caller tears it down. */
export async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  quietRuntime();
  const { executable } = await resolveTestServer({
    pathEnv: process.env['PATH'] ?? '',
    cacheDir,
    onProgress: () => undefined,
  });
  const environment = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
  // This server can add search attributes but not list them, so the product's own way does not work on it.
  const searchAttributes = Object.fromEntries(Object.keys(SEARCH_ATTRIBUTES).map((name) => [name, KEYWORD]));
  await environment.connection.operatorService.addSearchAttributes({ namespace: 'default', searchAttributes });
  return environment;
}
