/**
 * Which repositories runs may name. An entry is an address as it is written, or what addresses begin with and `*`
 * (`https://git.example.com/acme/*`, `git@git.example.com:acme/*`, `file:///srv/mirrors/*`). It cannot end within a name, so that no other
 * host or owner begins as it does; no address is let through that leads up again (`/../`). Without entries any is allowed. Pure.
 */
export function allowedRepositories(entries: readonly string[] | undefined): (repoUrl: string) => boolean {
  if (entries === undefined) return () => true;
  const exact = new Set(entries.filter((entry) => !entry.endsWith('*')));
  const beginnings = entries.filter((entry) => entry.endsWith('*')).map((entry) => entry.slice(0, -1));
  return (repoUrl) =>
    exact.has(repoUrl) || (!leadsUp(repoUrl) && beginnings.some((beginning) => repoUrl.startsWith(beginning)));
}

/** Whether `allowedRepositories` takes it. A beginning names its host, or a folder: not all of a scheme. */
export function isRepositoryEntry(entry: string): boolean {
  return /^[^\s,*]+$/.test(entry) || /^[^\s,*]*[^\s,*/:][/:]\*$/.test(entry);
}

/** Servers resolve it, however its dots and slashes are written. */
function leadsUp(repoUrl: string): boolean {
  return /(^|[/\\:])\.\.?([/\\?#]|$)/.test(repoUrl.replace(/%2e/gi, '.').replace(/%2f/gi, '/').replace(/%5c/gi, '\\'));
}
