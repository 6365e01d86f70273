import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a client asked and heard, and what the nemesis did: `info` where nobody knows whether it took effect. */
export interface HistoryEntry {
  readonly atMs: number;
  readonly process: string;
  readonly type: 'invoke' | 'ok' | 'fail' | 'info';
  readonly f: string;
  readonly value?: unknown;
}

/** One round's history, in memory and as JSON lines in a file. */
export class History {
  readonly entries: HistoryEntry[] = [];
  readonly path: string;

  constructor(name: string) {
    const folder = join(tmpdir(), 'agentrun-faults');
    mkdirSync(folder, { recursive: true });
    this.path = join(folder, `${name}-${process.pid}.jsonl`);
    rmSync(this.path, { force: true });
  }

  add(process: string, type: HistoryEntry['type'], f: string, value?: unknown): void {
    const entry = { atMs: Date.now(), process, type, f, value };
    this.entries.push(entry);
    appendFileSync(this.path, `${JSON.stringify(entry)}\n`);
  }

  forget(): void {
    rmSync(this.path, { force: true });
  }
}
