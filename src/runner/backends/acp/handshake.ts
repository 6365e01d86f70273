import {
  methods,
  PROTOCOL_VERSION,
  RequestError,
  type AuthMethod,
  type InitializeResponse,
  type SessionModeState,
} from '@agentclientprotocol/sdk';
import type { AcpSettings } from '../../../domain/acp-profile.js';
import { BackendError, type BackendCapabilities } from '../backend.js';
import type { ThreadRecord } from '../thread-record.js';
import type { AgentConnection } from './agent-connection.js';
import { isAuthRequired, wordsOf } from './failure.js';

/** What an agent said of itself. */
export interface DeclaredAgent {
  readonly name: string;
  readonly version: string | null;
  readonly capabilities: BackendCapabilities;
  readonly resumeBy: 'session/resume' | 'session/load' | null;
  readonly authMethods: readonly AuthMethod[];
}

export interface OpenSession {
  readonly connection: AgentConnection;
  readonly agent: DeclaredAgent;
  /** Null starts a new one. */
  readonly threadId: string | null;
  readonly record: ThreadRecord | null;
  readonly workspaceDir: string;
}

interface Opened {
  readonly sessionId: string;
  readonly modes?: SessionModeState | null | undefined;
}

/** A launcher such as npx may have to fetch the agent first. */
const INITIALIZE_MS = 300_000;
const SESSION_MS = 120_000;

/** @throws BackendError when the program speaks another protocol, or another version of it */
export async function initialize(connection: AgentConnection): Promise<DeclaredAgent> {
  const asked = {
    protocolVersion: PROTOCOL_VERSION,
    clientInfo: { name: 'agentrun', title: 'AgentRun', version: '1' },
    // The agent works in the workspace with its own hands.
    clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
  };
  const answer = await connection.request(methods.agent.initialize, asked, INITIALIZE_MS);
  if (answer.protocolVersion === PROTOCOL_VERSION) return declaredBy(answer);
  const words = `the agent speaks version ${answer.protocolVersion} of the protocol, and this runner ${PROTOCOL_VERSION}`;
  throw new BackendError('runner-start-failed', words);
}

/** Lets the agent take its credential in the way that the profile names. @throws BackendError */
export async function authenticate(
  connection: AgentConnection,
  { authMethods }: DeclaredAgent,
  methodId: AcpSettings['authMethod'],
): Promise<void> {
  if (methodId === null) return;
  if (!authMethods.some(({ id }) => id === methodId)) {
    const words = `the agent has no way to authenticate that is called ${methodId}; it has: ${namesOf(authMethods)}`;
    throw new BackendError('backend-unauthorized', words);
  }
  await connection.request(methods.agent.authenticate, { methodId }, SESSION_MS).catch((error: unknown) => {
    if (!(error instanceof RequestError)) throw error;
    throw new BackendError('backend-unauthorized', `the agent did not authenticate by ${methodId}: ${wordsOf(error)}`);
  });
}

/**
 * Starts or resumes the session. What an agent repeats of it meanwhile is no news.
 * @throws BackendError `thread-resume-failed` when what the thread was cannot be had any more. A thread in which surely no
 *   turn was ever begun is no loss: a new one takes its place.
 */
export async function openSession(options: OpenSession): Promise<Opened> {
  const { connection, agent, threadId, record, workspaceDir: cwd } = options;
  try {
    const neverBegan = record !== null && record.threadId === threadId && !record.begun;
    if (threadId === null || neverBegan) {
      return await connection.request(methods.agent.session.new, { cwd, mcpServers: [] }, SESSION_MS);
    }
    return await resumed(options, threadId);
  } catch (error) {
    if (isAuthRequired(error)) throw unauthorized(error, agent);
    throw error;
  }
}

/** @throws BackendError where the agent has no such mode */
export async function enterMode(connection: AgentConnection, opened: Opened, mode: AcpSettings['mode']): Promise<void> {
  const { sessionId, modes } = opened;
  if (mode === null || modes?.currentModeId === mode) return;
  if (modes && !modes.availableModes.some(({ id }) => id === mode)) {
    const has = modes.availableModes.map(({ id }) => id).join(', ');
    throw new BackendError('runner-start-failed', `the agent has no mode ${mode}; it has: ${has}`);
  }
  await connection.request(methods.agent.session.setMode, { sessionId, modeId: mode }, SESSION_MS);
}

async function resumed({ connection, agent, workspaceDir: cwd }: OpenSession, sessionId: string): Promise<Opened> {
  if (agent.resumeBy === null) {
    const words = `the agent ${agent.name} cannot go on with a thread in a new process: it declares neither session/resume nor loadSession`;
    throw new BackendError('thread-resume-failed', words);
  }
  const asked = { sessionId, cwd, mcpServers: [] };
  try {
    const answer = await (agent.resumeBy === 'session/resume'
      ? connection.request(methods.agent.session.resume, asked, SESSION_MS)
      : connection.request(methods.agent.session.load, asked, SESSION_MS));
    return { sessionId, modes: answer?.modes };
  } catch (error) {
    if (!(error instanceof RequestError) || isAuthRequired(error)) throw error;
    const words = `the agent ${agent.name} cannot resume the thread ${sessionId}: ${wordsOf(error)}`;
    throw new BackendError('thread-resume-failed', words);
  }
}

function declaredBy({ agentInfo, agentCapabilities, authMethods, _meta }: InitializeResponse): DeclaredAgent {
  const canResume = Boolean(agentCapabilities?.sessionCapabilities?.resume);
  const resumeBy = canResume ? 'session/resume' : agentCapabilities?.loadSession ? 'session/load' : null;
  const steering = _meta?.['steering'] as { supported?: unknown } | undefined;
  return {
    name: agentInfo?.title ?? agentInfo?.name ?? 'of the profile',
    version: agentInfo?.version ?? null,
    capabilities: {
      steer: steering?.supported === true,
      interrupt: true,
      resume: resumeBy !== null,
      // Nothing declares it: it comes or it does not.
      usage: true,
    },
    resumeBy,
    authMethods: authMethods ?? [],
  };
}

function unauthorized(error: RequestError, { authMethods }: DeclaredAgent): BackendError {
  const ways = authMethods.length === 0 ? '' : `; auth_method in the profile's config may be: ${namesOf(authMethods)}`;
  return new BackendError('backend-unauthorized', `the agent is not authenticated (${wordsOf(error)})${ways}`);
}

function namesOf(authMethods: readonly AuthMethod[]): string {
  return authMethods.length === 0 ? 'none' : authMethods.map(({ id, name }) => `${id} (${name})`).join(', ');
}
