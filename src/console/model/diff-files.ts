/** Unified diffs, file by file. Pure. */
export interface DiffFile {
  readonly path: string;
  readonly added: number;
  readonly removed: number;
  readonly lines: readonly DiffLine[];
  /** The text that it was read from: two of the same are one. */
  readonly source: string;
}

export interface DiffLine {
  readonly kind: 'added' | 'removed' | 'context' | 'hunk' | 'meta';
  readonly text: string;
}

/** The files of a diff that git or a tool wrote; a text that is none is one file without a name. */
export function diffFiles(diff: string): DiffFile[] {
  return diff
    .split(/^(?=diff --git )/m)
    .filter((section) => section.trim() !== '')
    .map(fileOf);
}

/** Its lines without those that say which file it is: that stands above them. */
export function shownLines({ lines }: DiffFile): DiffLine[] {
  return lines.filter(({ kind, text }) => kind !== 'meta' || !/^(diff |index |--- |\+\+\+ )/.test(text));
}

function fileOf(source: string): DiffFile {
  const lines = withKinds(source.replace(/\n$/, '').split('\n'));
  const count = (kind: DiffLine['kind']) => lines.filter((line) => line.kind === kind).length;
  return { path: pathOf(source), added: count('added'), removed: count('removed'), lines, source };
}

function withKinds(lines: readonly string[]): DiffLine[] {
  let isInHunk = false;
  return lines.map((text) => {
    isInHunk ||= text.startsWith('@@');
    return { kind: isInHunk ? kindInHunk(text) : kindOutside(text), text };
  });
}

function kindInHunk(text: string): DiffLine['kind'] {
  if (text.startsWith('@@')) return 'hunk';
  if (text.startsWith('+')) return 'added';
  return text.startsWith('-') ? 'removed' : 'context';
}

/** A diff without hunks (as some tools write them) has its lines told by their first character. */
function kindOutside(text: string): DiffLine['kind'] {
  if (/^(diff |index |\+\+\+ |--- |new file|deleted file|similarity|rename|old mode|new mode|Binary)/.test(text))
    return 'meta';
  return kindInHunk(text);
}

function pathOf(source: string): string {
  const named = /^\+\+\+ (?:b\/)?(.+?)\t?$/m.exec(source)?.[1];
  if (named !== undefined && named !== '/dev/null') return named;
  const before = /^--- (?:a\/)?(.+?)\t?$/m.exec(source)?.[1];
  if (before !== undefined && before !== '/dev/null') return before;
  return /^diff --git a\/.+ b\/(.+)$/m.exec(source)?.[1] ?? 'diff';
}
