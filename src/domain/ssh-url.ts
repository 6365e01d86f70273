const SSH_URL = /^ssh:\/\/(?:[^@/]*@)?(\[[^\]]*\]|[^/:]+)/i;
/** `git@host:path`, which is no URL: nothing before the colon is a path. */
const SCP_LIKE = /^[^/:@]+@(\[[^\]]*\]|[^/:]+):(?!\/\/)/;

/** Whether git speaks ssh to reach it. */
export function isSshUrl(repoUrl: string): boolean {
  return sshHost(repoUrl) !== undefined;
}

/** The host that git connects to by ssh, without a port; undefined where it speaks something else. */
export function sshHost(repoUrl: string): string | undefined {
  const [, host] = SSH_URL.exec(repoUrl) ?? SCP_LIKE.exec(repoUrl) ?? [];
  return host;
}
