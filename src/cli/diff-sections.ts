/** Of diffs that grow while a turn goes on: what is new in each, file by file. */
export class DiffSections {
  #known = new Set<string>();

  /** The sections of files that were not shown like this before; empty when there is nothing new. */
  newIn(diff: string): string {
    const sections = diff.split(/^(?=diff --git )/m);
    const fresh = sections.filter((section) => section.trim() !== '' && !this.#known.has(section));
    this.#known = new Set(sections);
    return fresh.join('');
  }
}
