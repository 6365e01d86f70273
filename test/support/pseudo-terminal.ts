import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { BIN } from './cli.js';
import { TerminalScreen } from './terminal-screen.js';

type Environment = Record<string, string | undefined>;

const SIZE = { columns: 100, rows: 30 };

/**
 * The program in a pseudo-terminal, which `script` of util-linux opens; every Debian has it. Keys are typed, and what a person would see
 * is there to read.
 */
export class PseudoTerminal {
  readonly screen = new TerminalScreen();
  /** Everything that was written, with the sequences. */
  output = '';
  readonly ended: Promise<number | null>;
  readonly #script: ChildProcess;

  constructor(args: readonly string[], environment: Environment, { columns, rows } = SIZE) {
    const inherited = Object.entries(process.env).filter(([name]) => !/^(AGENTRUN_|NO_COLOR|FORCE_COLOR)/.test(name));
    const env = { ...Object.fromEntries(inherited), TERM: 'xterm-256color', ...environment };
    const program = [process.execPath, BIN, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    const line = `stty cols ${columns} rows ${rows}; exec ${program}`;
    this.#script = spawn('script', ['-qefc', line, '/dev/null'], { env, stdio: 'pipe' });
    this.#script.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
      this.screen.write(text);
    });
    this.#script.stdin?.on('error', () => undefined);
    this.ended = once(this.#script, 'close').then(([code]) => code as number | null);
  }

  type(text: string): void {
    this.#script.stdin?.write(text);
  }

  /** Resolves when a person would see that; fails with what is seen instead. */
  async shows(pattern: RegExp, timeoutMs = 30_000): Promise<void> {
    const giveUpAt = Date.now() + timeoutMs;
    while (!pattern.test(this.screen.text)) {
      assert.ok(Date.now() < giveUpAt, `${pattern} not shown within ${timeoutMs} ms, but:\n${this.screen.text}`);
      await delay(20);
    }
  }

  /** For the end of a test that went wrong. */
  close(): void {
    this.#script.stdin?.end();
    this.#script.kill('SIGKILL');
  }
}
