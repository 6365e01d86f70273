import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../scripts/project-root.js';

export interface FencedBlock {
  /** From the project's root. */
  readonly file: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  /** What stands behind the fence; empty where nothing does. */
  readonly language: string;
  readonly text: string;
}

/** The README and the pages of docs/. */
export function documents(): string[] {
  const pages = readdirSync(join(projectRoot, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', ...pages.sort().map((name) => `docs/${name}`)];
}

export function fencedBlocks(file: string): FencedBlock[] {
  const lines = readFileSync(join(projectRoot, file), 'utf8').split('\n');
  const blocks: FencedBlock[] = [];
  let opened: number | undefined;
  for (const [index, line] of lines.entries()) {
    if (!line.trimStart().startsWith('```')) continue;
    if (opened === undefined) {
      opened = index;
      continue;
    }
    const language = (lines[opened] ?? '').trim().slice(3);
    blocks.push({ file, line: opened + 1, language, text: lines.slice(opened + 1, index).join('\n') });
    opened = undefined;
  }
  return blocks;
}
