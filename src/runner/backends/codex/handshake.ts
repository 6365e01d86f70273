import { setTimeout as delay } from 'node:timers/promises';
import type { ExecutionPolicy } from '../../../contract/run.js';
import { BackendError } from '../backend.js';
import { AppServerError, type AppServer } from './app-server.js';
import { PROVIDER_ID, sandboxMode } from './codex-config.js';
import type { ThreadRecord } from '../thread-record.js';

export interface OpenCodexThread {
  readonly server: AppServer;
  /** Null starts a new one. */
  readonly threadId: string | null;
  readonly record: ThreadRecord | null;
  readonly workspaceDir: string;
  readonly policy: ExecutionPolicy;
}

interface SandboxCheck extends Pick<OpenCodexThread, 'workspaceDir' | 'policy'> {
  readonly server: Pick<AppServer, 'request'>;
}

interface Opened {
  readonly thread: { readonly id: string };
}

interface Executed {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const INITIALIZE_MS = 30_000;
const THREAD_MS = 60_000;
const SANDBOX_MS = 20_000;
const WRITER = { tries: 25, pauseMs: 200 };

/** Much is told that nobody here reads. */
const NOT_TOLD = [
  'account/rateLimits/updated',
  'app/list/updated',
  'rawResponseItem/completed',
  'remoteControl/status/changed',
  'skills/changed',
  'thread/readState/changed',
  'thread/status/changed',
];

export async function initialize(server: AppServer): Promise<void> {
  const clientInfo = { name: 'agentrun', title: 'AgentRun', version: '1' };
  const capabilities = { experimentalApi: true, requestAttestation: false, optOutNotificationMethods: NOT_TOLD };
  await server.request('initialize', { clientInfo, capabilities }, INITIALIZE_MS);
  server.notify('initialized');
}

/**
 * Starts or resumes the thread; answers its id.
 * @throws BackendError `thread-resume-failed` when what the thread was is not there any more. A thread in which surely no
 *   turn was ever begun is no loss: a new one takes its place.
 */
export async function openCodexThread(options: OpenCodexThread): Promise<string> {
  const { server, threadId, record } = options;
  if (threadId === null) return startThread(options);
  try {
    const asked = { threadId, excludeTurns: true, ...settingsOf(options) };
    return (await withOneWriter(() => server.request<Opened>('thread/resume', asked, THREAD_MS))).thread.id;
  } catch (error) {
    if (!(error instanceof AppServerError)) throw error;
    const neverBegan = record?.threadId === threadId && !record.begun;
    if (neverBegan && /no rollout found/.test(error.message)) return startThread(options);
    throw new BackendError('thread-resume-failed', `codex cannot resume the thread ${threadId}: ${error.message}`);
  }
}

/** @throws BackendError when commands cannot be kept in the sandbox that the policy asks for. */
export async function checkSandbox(options: SandboxCheck): Promise<void> {
  const { server, workspaceDir, policy } = options;
  if (policy.sandbox === 'full-access') return;
  const asked = { command: ['/bin/sh', '-c', 'true'], cwd: workspaceDir, sandboxPolicy: sandboxPolicy(policy) };
  const { exitCode, stdout, stderr } = await server.request<Executed>(
    'command/exec',
    { ...asked, timeoutMs: SANDBOX_MS },
    SANDBOX_MS + 5_000,
  );
  if (exitCode === 0) return;
  const said = `${stderr}\n${stdout}`.trim() || `exit code ${exitCode}`;
  const advice = 'let unprivileged user namespaces be used there, or run with the sandbox "full-access"';
  const words = `the sandbox ${policy.sandbox} does not work on the runner's machine: ${said}; ${advice}`;
  throw new BackendError('runner-start-failed', words);
}

/** Codex's own form of the policy's sandbox and network. */
export function sandboxPolicy({ sandbox, network }: ExecutionPolicy): Record<string, unknown> {
  if (sandbox === 'full-access') return { type: 'dangerFullAccess' };
  if (sandbox === 'read-only') return { type: 'readOnly', networkAccess: network };
  const temporary = { excludeTmpdirEnvVar: false, excludeSlashTmp: false };
  return { type: 'workspaceWrite', writableRoots: [], networkAccess: network, ...temporary };
}

async function startThread(options: OpenCodexThread): Promise<string> {
  return (await options.server.request<Opened>('thread/start', settingsOf(options), THREAD_MS)).thread.id;
}

function settingsOf({ workspaceDir, policy }: OpenCodexThread): Record<string, unknown> {
  const { approval: approvalPolicy } = policy;
  return { cwd: workspaceDir, approvalPolicy, sandbox: sandboxMode(policy), modelProvider: PROVIDER_ID };
}

/** The lock of a writer that was just ended may take a moment to go. */
async function withOneWriter<T>(open: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await open();
    } catch (error) {
      const isLocked = error instanceof AppServerError && /active writer/.test(error.message);
      if (!isLocked || tries >= WRITER.tries) throw error;
      await delay(WRITER.pauseMs);
    }
  }
}
