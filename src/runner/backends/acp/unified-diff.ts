import { isAbsolute, relative } from 'node:path';

interface TextChange {
  readonly path: string;
  /** Absent for a file that is new. */
  readonly oldText?: string | null | undefined;
  readonly newText: string;
}

const CONTEXT = 3;

/**
 * A change that is told as two texts, in the form of `git diff`: one hunk, from the first line that differs to the last.
 * Agents may tell a part of a file only: then lines are counted from where that part begins.
 */
export function unifiedDiff({ path, oldText, newText }: TextChange, workspaceDir: string): string {
  if ((oldText ?? '') === newText) return '';
  const [before, after] = [linesOf(oldText ?? ''), linesOf(newText)];
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let same = 0;
  const most = Math.min(before.length, after.length) - start;
  while (same < most && before.at(-1 - same) === after.at(-1 - same)) same += 1;
  const from = Math.max(0, start - CONTEXT);
  const rest = Math.max(0, same - CONTEXT);
  const [removed, added] = [before.slice(start, before.length - same), after.slice(start, after.length - same)];
  const lines = [
    ...before.slice(from, start).map((line) => ` ${line}`),
    ...removed.map((line) => `-${line}`),
    ...added.map((line) => `+${line}`),
    ...before.slice(before.length - same, before.length - rest).map((line) => ` ${line}`),
  ];
  const name = nameOf(path, workspaceDir);
  const isNew = oldText === undefined || oldText === null;
  const head = [
    `diff --git a/${name} b/${name}`,
    ...(isNew ? ['new file mode 100644'] : []),
    `--- ${isNew ? '/dev/null' : `a/${name}`}`,
    `+++ b/${name}`,
    `@@ -${range(from, before.length - rest)} +${range(from, after.length - rest)} @@`,
  ];
  return [...head, ...lines.map(shown), ''].join('\n');
}

/** Each with its line break, so that a last line without one is another line than the same with it. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function shown(line: string): string {
  return line.endsWith('\n') ? line.slice(0, -1) : `${line}\n\\ No newline at end of file`;
}

function range(from: number, to: number): string {
  return to === from ? `${from},0` : `${from + 1},${to - from}`;
}

/** As the workspace knows it; a file elsewhere by its whole path. */
function nameOf(path: string, workspaceDir: string): string {
  const inside = isAbsolute(path) ? relative(workspaceDir, path) : path;
  return inside === '' || inside.startsWith('..') ? path.replace(/^\/+/, '') : inside;
}
