import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { deadlineSignal } from '../client/deadline-signal.js';
import type { WorkspaceRef } from '../contract/run.js';
import { sshHost } from '../domain/ssh-url.js';
import type { AgentProcesses } from './agent-processes.js';
import { BackendError } from './backends/backend.js';
import { git } from './git.js';
import { explainSilence, GIT_PATIENCE, httpPatience, sshPatience, type GitPatience } from './git-patience.js';
import type { LentSshKey } from './lent-ssh-key.js';
import { explainSshFailure } from './ssh-failures.js';
import { inWords, isSameRepository, noteOf, readNote, removeNote, writeNote } from './workspace-note.js';

export interface PrepareWorkspace {
  readonly ref: WorkspaceRef;
  /** Where a workspace of the volume's own lies. */
  readonly workspaceDir: string;
  /** On the same volume, for what is not complete yet. */
  readonly scratchDir: string;
  /** Tells what was cloned into the workspace. */
  readonly workspaceFile: string;
  /** What a clone by ssh uses, where it was handed. */
  readonly sshKey: LentSshKey;
  readonly processes: AgentProcesses;
  readonly signal: AbortSignal;
  readonly patience?: GitPatience;
}

type RunGit = (args: string[], cwd: string) => Promise<unknown>;

/**
 * Makes the folder the agent works in, or finds the one an earlier attempt or turn left; answers its path.
 * @throws BackendError (`runner-start-failed`) in words for people, without credentials.
 */
export async function prepareWorkspace(options: PrepareWorkspace): Promise<string> {
  const { ref, workspaceDir, workspaceFile } = options;
  if (ref.kind === 'path') return existingFolder(ref.path ?? '');
  const isUnused = await isEmptyOrMissing(workspaceDir);
  // Of a clone that came to nothing: what is made in the folder from now on is not the repository's.
  if (ref.kind === 'none' && isUnused) await removeNote(workspaceFile);
  if (ref.kind === 'git' && isUnused) await cloneInto(options, ref.repoUrl ?? '');
  if (ref.kind === 'git' && !isUnused) await assertIsOf(options);
  await mkdir(workspaceDir, { recursive: true });
  return workspaceDir;
}

/** Another repository, or another ref of it, would put an end to what was done in the folder. */
async function assertIsOf(options: PrepareWorkspace): Promise<void> {
  const { ref, workspaceFile } = options;
  const asked = noteOf(ref);
  const noted = await readNote(workspaceFile);
  // Earlier runners left no note.
  const origin = noted === undefined ? await originOf(options) : undefined;
  const found = noted ?? (origin === undefined ? undefined : noteOf({ repoUrl: origin }));
  const isSame = found !== undefined && isSameRepository(found.repoUrl, asked.repoUrl);
  const isSameRef = noted === undefined || asked.ref === undefined || asked.ref === noted.ref;
  if (isSame && isSameRef) return;
  const what = found === undefined ? 'a folder that was used without a repository' : `a clone of ${inWords(found)}`;
  throw failure(`the session's workspace is ${what}, not of ${inWords(asked)}: another needs a new session`);
}

/** As it was given to git: without what its settings put in the place of addresses, which may be secret. */
async function originOf({ workspaceDir: cwd, processes, signal }: PrepareWorkspace): Promise<string | undefined> {
  const args = ['config', '--file', join(cwd, '.git', 'config'), '--get', 'remote.origin.url'];
  try {
    return (await git(args, { cwd, processes, signal })).trim();
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

async function existingFolder(path: string): Promise<string> {
  if (!isAbsolute(path)) throw failure(`the workspace path ${JSON.stringify(path)} is not absolute`);
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) throw failure(`the workspace path ${path} is not a folder on the runner's machine`);
  return path;
}

/** Complete or not at all: a clone becomes the workspace by one rename. */
async function cloneInto(options: PrepareWorkspace, repoUrl: string): Promise<void> {
  const { ref, workspaceDir, scratchDir, workspaceFile, sshKey, signal, patience = GIT_PATIENCE } = options;
  const host = sshHost(repoUrl);
  // What a runner that died in the middle of it left.
  await rm(scratchDir, { recursive: true, force: true });
  await mkdir(scratchDir, { recursive: true });
  const part = await mkdtemp(join(scratchDir, 'clone-'));
  const key = host === undefined ? undefined : await sshKey.open();
  const deadline = deadlineSignal(patience.wholeMs, signal);
  try {
    const run = await patientGit({ ...options, signal: deadline.signal, patience }, host, key?.environment, part);
    // Its progress is not told; but a server that is busy would say nothing for minutes without it.
    await run(
      ['clone', '--progress', ...(ref.ref === undefined ? [] : ['--no-checkout']), '--', repoUrl, 'repo'],
      part,
    );
    const repo = join(part, 'repo');
    if (ref.ref !== undefined) await checkOut(ref.ref, (args) => run(args, repo));
    // First: a clone without its note would be taken for one of any ref.
    await writeNote(workspaceFile, noteOf(ref));
    await rename(repo, workspaceDir);
  } catch (error) {
    if (signal.aborted) throw error;
    if (deadline.signal.aborted) throw failure(`the repository was not fetched within ${patience.wholeMs / 1_000} s`);
    throw explained(error as Error, host, key !== undefined);
  } finally {
    deadline.clear();
    await key?.close();
    await rm(part, { recursive: true, force: true });
  }
}

/** Git as it fetches: by the key where one was handed, and never waiting for ever. */
async function patientGit(
  { processes, signal, patience = GIT_PATIENCE }: PrepareWorkspace,
  host: string | undefined,
  keyEnvironment: Readonly<Record<string, string>> | undefined,
  part: string,
): Promise<RunGit> {
  const run = (args: string[], cwd: string, env?: Readonly<Record<string, string>>) =>
    git(args, { cwd, processes, signal, env });
  // Here, too, what the runner's user chose stays.
  const patient = Object.entries(httpPatience(patience)).filter(([name]) => !processes.gives(name));
  const env = { ...Object.fromEntries(patient), ...keyEnvironment };
  const isByOwnSsh = host !== undefined && keyEnvironment === undefined;
  // A command that the runner's user chose is left as it is.
  const isChosen = async () =>
    ['GIT_SSH_COMMAND', 'GIT_SSH'].some((name) => processes.gives(name)) ||
    run(['config', '--get', 'core.sshCommand'], part).then(
      () => true,
      () => false,
    );
  if (!isByOwnSsh || (await isChosen())) return (args, cwd) => run(args, cwd, env);
  const options = Object.entries(sshPatience(patience)).map(([name, value]) => ` -o ${name}=${value}`);
  return (args, cwd) => run(args, cwd, { ...env, GIT_SSH_COMMAND: `ssh${options.join('')}` });
}

/** What can be done about it comes before what git says. */
function explained(error: Error, host: string | undefined, withKey: boolean): BackendError {
  const { message } = error;
  const advice = host === undefined ? explainSilence(message) : explainSshFailure(message, { host, withKey });
  if (advice !== undefined) return failure(`${advice}\n${message}`);
  return error instanceof BackendError ? error : failure(message);
}

/**
 * A branch, a tag or a commit that the clone brought; else a ref that only the server has, such as a pull request's.
 */
async function checkOut(ref: string, run: (args: string[]) => Promise<unknown>): Promise<void> {
  // The API takes none, but git would take it for an option.
  if (ref.startsWith('-')) throw failure(`${JSON.stringify(ref)} is not a ref`);
  try {
    await run(['checkout', '--quiet', ref, '--']);
  } catch (error) {
    try {
      await run(['fetch', '--progress', 'origin', ref]);
    } catch (fetchError) {
      throw explainSilence((fetchError as Error).message) === undefined ? error : fetchError;
    }
    await run(['checkout', '--quiet', '--detach', 'FETCH_HEAD']);
  }
}

async function isEmptyOrMissing(path: string): Promise<boolean> {
  const entries = await readdir(path).catch(() => []);
  return entries.length === 0;
}

function failure(message: string): BackendError {
  return new BackendError('runner-start-failed', message);
}
