import { mkdir, open, readFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isTerminalStatus } from '../../domain/outcome.js';
import type { TurnOutcome } from '../backends/backend.js';

interface JournalLine {
  readonly commandId: string;
  readonly outcome: TurnOutcome;
}

/**
 * How the thread's turns ended, on the volume. An end is on the disk before the manager hears of it: should the runner
 * die in between, the next attempt reports it again instead of running the command twice.
 */
export class TurnJournal {
  /** The last line may be there in part alone: the disk was full. */
  #isCut = false;

  private constructor(
    private readonly file: FileHandle,
    private readonly outcomes: Map<string, TurnOutcome>,
  ) {}

  static async open(path: string): Promise<TurnJournal> {
    await mkdir(dirname(path), { recursive: true });
    const text = await readFile(path, 'utf8').catch(ifMissing(''));
    const file = await open(path, 'a');
    // A line that a crash cut short must not swallow the next one.
    if (text !== '' && !text.endsWith('\n')) await file.appendFile('\n');
    if (text === '') await syncFolder(dirname(path));
    return new TurnJournal(file, new Map(text.split('\n').flatMap(parseLine)));
  }

  find(commandId: string): TurnOutcome | undefined {
    return this.outcomes.get(commandId);
  }

  /** Resolves when it is on the disk. */
  async record(commandId: string, outcome: TurnOutcome): Promise<void> {
    const line: JournalLine = { commandId, outcome };
    const start = this.#isCut ? '\n' : '';
    this.#isCut = true;
    await this.file.appendFile(`${start}${JSON.stringify(line)}\n`);
    await this.file.sync();
    this.#isCut = false;
    this.outcomes.set(commandId, outcome);
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}

function parseLine(text: string): [string, TurnOutcome][] {
  try {
    const line = JSON.parse(text) as Partial<JournalLine>;
    if (typeof line.commandId !== 'string' || !isTerminalStatus(line.outcome?.status ?? '')) return [];
    return [[line.commandId, line.outcome as TurnOutcome]];
  } catch {
    return [];
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}

function ifMissing<T>(fallback: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return fallback;
    throw error;
  };
}
