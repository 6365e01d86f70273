import { namedBy } from './allow-list.js';

/**
 * Which repositories runs may name; without entries any. An entry is an address as it is written, or what addresses begin with and `*`
 * (`isRepositoryEntry`). No address is let through by its beginning that leads up again (`/../`). Pure.
 */
export function allowedRepositories(entries: readonly string[] | undefined): (repoUrl: string) => boolean {
  if (entries === undefined) return () => true;
  const isNamed = namedBy(entries);
  return (repoUrl) => isNamed(repoUrl) && (entries.includes(repoUrl) || !leadsUp(repoUrl));
}

/**
 * Whether it can stand in that list. A beginning names its host, or a folder, and ends after it: `https://git.example.com/acme/*`,
 * `git@git.example.com:acme/*`, `git@git.example.com:*`, `file:///srv/mirrors/*`. So no other host or owner begins as it does.
 */
export function isRepositoryEntry(entry: string): boolean {
  return /^[^\s,*]+$/.test(entry) || /^([^\s,*]*[^\s,*/:]\/|[^\s,*/]+@[^\s,*/:]+:)\*$/.test(entry);
}

/** Servers resolve it, however its dots and slashes are written. */
function leadsUp(repoUrl: string): boolean {
  const plain = repoUrl.replace(/%(2e|2f|3b|5c)/gi, decodeURIComponent);
  // Some servers drop what comes after a `;` first.
  return /(^|[/\\:])\.\.?([/\\?#;]|$)/.test(plain);
}
