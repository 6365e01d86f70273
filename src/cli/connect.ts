import { HttpClient, TransportError, type HttpClientOptions } from '../client/http-client.js';
import { folders } from '../config.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { findManager, readLocalToken } from './local-manager.js';

/**
 * Where the manager is that AGENTRUN_URL names, else of the one that runs over the data folder.
 * The folder's token is sent to the folder's own manager only.
 */
export async function findApi(context: CliContext): Promise<HttpClientOptions> {
  const settings = context.settings();
  const { dataDir } = folders(settings, context.environment);
  const local = await findManager(dataDir);
  const baseUrl = settings.AGENTRUN_URL ?? local?.url;
  if (baseUrl === undefined) throw nothingRuns(dataDir);
  const configured = settings.AGENTRUN_OPERATOR_TOKEN?.split(',')[0]?.trim();
  const token = configured || (baseUrl === local?.url ? await readLocalToken(dataDir) : undefined);
  return { baseUrl, token };
}

/** Tells a manager that is not there from one that answers badly. */
export async function reaching<T>(context: CliContext, work: (client: HttpClient) => Promise<T>): Promise<T> {
  const client = new HttpClient(await findApi(context));
  try {
    return await work(client);
  } catch (error) {
    if (!(error instanceof TransportError) || error.status !== null) throw error;
    const given = context.settings().AGENTRUN_URL;
    const advice =
      given === undefined
        ? ['its log is logs/manager.log in the data folder']
        : [`AGENTRUN_URL is ${given}: is that right, and does the manager run?`];
    throw new CliError(`the manager does not answer (${error.message})`, EXIT.error, advice);
  }
}

function nothingRuns(dataDir: string): CliError {
  return new CliError(`no AgentRun is running over ${dataDir}`, EXIT.error, [
    'start it with `npm start` (or `agentrun up`) in another terminal,',
    'or set AGENTRUN_URL and AGENTRUN_OPERATOR_TOKEN to use one elsewhere',
  ]);
}
