import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { projectRoot } from '../../scripts/project-root.js';
import { Api } from '../support/api.js';
import { BIN, UpStack } from '../support/cli.js';
import type { FencedBlock } from './fenced-blocks.js';

/** A single document may take so long. */
const LIMIT_MS = 400_000;

/** What the documents take for granted: a home, a checkout in which one stands, a stack in its usual place, and somebody's own files. */
export class DocumentedStack {
  readonly #api: Api;

  private constructor(
    private readonly root: string,
    private readonly stack: UpStack,
    private readonly environment: Record<string, string | undefined>,
  ) {
    this.#api = new Api(stack.info.url, readFileSync(stack.info.operatorTokenFile, 'utf8').trim());
  }

  static async start(): Promise<DocumentedStack> {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'agentrun-docs-')));
    const home = join(root, 'home');
    mkdirSync(join(home, '.ssh'), { recursive: true, mode: 0o700 });
    layOutCheckout(join(root, 'checkout'));
    layOutPrograms(join(root, 'bin'));
    layOutHome(home, join(root, 'project'));
    const environment = {
      HOME: home,
      XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
      XDG_DATA_HOME: undefined,
      PATH: [join(root, 'bin'), dirname(process.execPath), process.env['PATH']].join(delimiter),
      OPENAI_API_KEY: 'sk-docs-0123456789abcdef',
      ANTHROPIC_API_KEY: 'sk-ant-docs-0123456789abcdef',
      AGENTRUN_PORT: '0',
      // What it takes must be here: nothing is looked up elsewhere.
      npm_config_offline: 'true',
      npm_config_update_notifier: 'false',
    };
    const stack = await UpStack.start({ dataDir: join(home, '.local/share/agentrun'), environment });
    return new DocumentedStack(root, stack, environment);
  }

  /** Runs the blocks of one document in one shell. @throws with what was printed, under the line of the block that failed. */
  async run(blocks: readonly FencedBlock[]): Promise<void> {
    const text = blocks.map(({ file, line, text }) => `echo '--- ${file}:${line}'\n${text}`).join('\n');
    const shell = spawn('bash', ['-euo', 'pipefail', '-c', await this.#asItIsHere(text)], {
      cwd: join(this.root, 'checkout'),
      env: { ...ownEnvironment(), ...this.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let printed = '';
    for (const stream of [shell.stdout, shell.stderr])
      stream.on('data', (data: Buffer) => (printed += data.toString()));
    const limit = setTimeout(() => process.kill(-(shell.pid ?? 0), 'SIGKILL'), LIMIT_MS);
    const [code, signal] = (await once(shell, 'close')) as [number | null, string | null];
    clearTimeout(limit);
    if (code !== 0) throw new Error(`a command ended with ${String(code ?? signal)}:\n${printed}`);
  }

  /** Each word that the documents leave open stands for a thing of its own. */
  async #asItIsHere(text: string): Promise<string> {
    let whole = text.replaceAll('localhost:8080', new URL(this.stack.info.url).host);
    for (const [word, make] of Object.entries(THINGS)) {
      while (whole.includes(word)) whole = whole.replace(word, await make(this.#api));
    }
    return whole;
  }

  async remove(): Promise<void> {
    await this.stack.remove();
    await rm(this.root, { recursive: true, force: true, maxRetries: 10 });
  }
}

const FOR_WHOM = { tenantId: 'default', projectId: 'default', backendProfile: 'exec' };

/** A thing of its kind that lives. */
const THINGS: Readonly<Record<string, (api: Api) => Promise<string>>> = {
  '<run id>': async (api) => {
    const run = await api.createRun(FOR_WHOM);
    await api.addTurn(run.id, 'echo documented');
    await api.post(`/api/v1/runs/${run.id}/runner-jobs`, {});
    return run.id as string;
  },
  '<task id>': async (api) => (await api.post('/api/v1/queue/tasks', { ...FOR_WHOM, prompt: 'true' })).id as string,
  '<session id>': async (api) => {
    await api.post('/api/v1/sessions', { ...FOR_WHOM, sessionId: 'documented' });
    return 'documented';
  },
};

function ownEnvironment(): Record<string, string | undefined> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(AGENTRUN_|XDG_DATA_HOME$)/.test(name));
  return Object.fromEntries(inherited);
}

/** The project as it is, in a folder of its own, where files that the documents make may lie. */
function layOutCheckout(folder: string): void {
  mkdirSync(folder);
  for (const name of readdirSync(projectRoot)) symlinkSync(join(projectRoot, name), join(folder, name));
  writeFileSync(join(folder, 'config.toml'), 'model = "gpt-5"\n');
  for (const name of ['fix.md', 'prompt.md']) writeFileSync(join(folder, name), 'true\n');
}

/** `agentrun`, as it is called once it is installed. */
function layOutPrograms(folder: string): void {
  mkdirSync(folder);
  const script = `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`;
  writeFileSync(join(folder, 'agentrun'), script, { mode: 0o755 });
}

/** A deploy key, and a repository that git finds where the documents say `https://github.com/you/project`. */
function layOutHome(home: string, project: string): void {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(home, '.ssh/deploy_key')]);
  mkdirSync(project);
  const manifest = { name: 'project', version: '1.0.0' };
  writeFileSync(join(project, 'package.json'), JSON.stringify({ ...manifest, scripts: { test: 'true' } }));
  const lock = { ...manifest, lockfileVersion: 3, requires: true, packages: { '': manifest } };
  writeFileSync(join(project, 'package-lock.json'), JSON.stringify(lock));
  const git = (...args: string[]) => execFileSync('git', ['-C', project, ...args], { stdio: 'ignore' });
  git('init', '-b', 'main');
  git('add', '.');
  git('-c', 'user.name=you', '-c', 'user.email=you@example.com', 'commit', '-m', 'A project');
  writeFileSync(join(home, '.gitconfig'), `[url "file://${project}"]\n\tinsteadOf = https://github.com/you/project\n`);
}
