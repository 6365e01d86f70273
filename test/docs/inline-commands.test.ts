import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, it } from 'mocha';
import { projectRoot } from '../../scripts/project-root.js';
import type { CliContext } from '../../src/cli/context.js';
import { createProgram } from '../../src/cli/program.js';
import { documents } from './fenced-blocks.js';

/** Commands are declared, not run. */
const program = createProgram({} as CliContext);

/** `agentrun …` within a line; what stands in blocks is run by another test. */
function inlineCommands(file: string): string[] {
  const prose = readFileSync(join(projectRoot, file), 'utf8').replaceAll(/^ *```[^]*?^ *```$/gm, '');
  const spans = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span]) => span ?? '');
  return spans.filter((span) => /^agentrun [a-z]/.test(span));
}

/** What is wrong with it, in words; undefined where nothing is. */
function faultOf(span: string): string | undefined {
  const [, ...words] = span.replaceAll('\\|', '|').split(/[\s,]+/);
  let command: Command = program;
  while (command.commands.length > 0) {
    const [name = '', ...others] = words;
    const next = command.commands.find((one) => one.name() === name);
    // Several in one breath: `agentrun queue limit | pause`.
    if (next === undefined)
      return words.includes('|') || name === '' ? undefined : `there is no ${name} in ${command.name()}`;
    command = next;
    words.splice(0, words.length, ...others);
  }
  const known = new Set(command.options.flatMap(({ long, short }) => [long, short]));
  const unknown = words.filter((word) => /^--?[a-z]/.test(word)).find((word) => !known.has(word));
  return unknown && `${command.name()} has no ${unknown}`;
}

describe('commands within the lines of the documents', () => {
  for (const file of documents()) {
    const spans = inlineCommands(file);
    if (spans.length === 0) continue;
    it(`are commands of the program, in ${file}: ${spans.length}`, () => {
      const faults = spans.map((span) => [span, faultOf(span)]).filter(([, fault]) => fault !== undefined);
      assert.deepEqual(faults, []);
    });
  }
});
