import type { AgentProcesses } from './agent-processes.js';
import { BackendError } from './backends/backend.js';

export interface GitOptions {
  readonly cwd: string;
  readonly processes: AgentProcesses;
  readonly signal: AbortSignal;
  /** Besides what every git command gets. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Never waits for an answer of somebody's, and speaks only transports that run no command of the URL's choice
 * (`ext::`).
 */
const ENVIRONMENT = { GIT_TERMINAL_PROMPT: '0', GIT_ALLOW_PROTOCOL: 'https:http:ssh:git:file' };
const MESSAGE_LENGTH = 2_000;

/** Runs git; answers what it printed. @throws BackendError with what git said, credentials in URLs cut out; the signal's reason when aborted. */
export async function git(args: readonly string[], { cwd, processes, signal, env }: GitOptions): Promise<string> {
  signal.throwIfAborted();
  const environment = { ...ENVIRONMENT, ...env };
  const child = processes.spawn('git', args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: environment });
  let printed = '';
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (printed += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-MESSAGE_LENGTH)));
  const onAbort = () => child.kill('SIGTERM');
  signal.addEventListener('abort', onAbort, { once: true });
  const code = await new Promise<number | string | null>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (exitCode, killedBy) => resolve(exitCode ?? killedBy));
  });
  signal.removeEventListener('abort', onAbort);
  signal.throwIfAborted();
  if (code !== 0) throw new BackendError('runner-start-failed', `git ${args[0]}: ${redactUrls(words(said)) || code}`);
  return printed;
}

/** Without how far it came: each such line takes the place of the one before, and the last says that it is done. */
function words(said: string): string {
  const lines = said.split('\n').map((line) => line.trimEnd().split('\r').at(-1) ?? '');
  return lines
    .filter((line) => !/^Cloning into |^(remote: )?[A-Z][a-z ]+: +\d+(%|, done\b| *$)|^remote: Total \d/.test(line))
    .join('\n')
    .trim();
}

/**
 * Cuts what may be secret out of URLs: `https://user:token@host/?access_token=x` becomes
 * `https://***@host/?access_token=***`.
 */
export function redactUrls(text: string): string {
  return text
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/]*@/gi, '$1***@')
    .replace(/([?&][^=&\s]*(?:token|key|secret|password)[^=&\s]*=)[^&\s'"]+/gi, '$1***');
}
