/** `2 files, +10 -3`: a unified diff in a few words. */
export function diffSummary(diff: string): string {
  let [files, added, removed] = [0, 0, 0];
  for (const line of diff.split('\n')) {
    if (line.startsWith('diff --git ')) files += 1;
    else if (line.startsWith('+') && !line.startsWith('+++')) added += 1;
    else if (line.startsWith('-') && !line.startsWith('---')) removed += 1;
  }
  return `${files} ${files === 1 ? 'file' : 'files'}, +${added} -${removed}`;
}
