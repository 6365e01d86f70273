/** What is known of a connection by ssh that git could not make. */
export interface SshAttempt {
  readonly host: string;
  /** The tool credential was used. */
  readonly withKey: boolean;
}

type Explain = (attempt: SshAttempt) => string;

const SET = 'agentrun credential set github-ssh';

/** What ssh and the shell say, in the order in which it counts: a key that cannot be read is then refused, too. */
const EXPLANATIONS: readonly (readonly [said: RegExp, explain: Explain])[] = [
  [
    /\bssh: (command )?not found|cannot run ssh\b/i,
    () => "this runner's machine has no ssh client: install OpenSSH's (on Debian the package openssh-client)",
  ],
  [
    /HOST IDENTIFICATION HAS CHANGED|REVOKED HOST KEY/,
    ({ host }) =>
      `the host key of ${host} is not the one that is known: somebody may be in between; if the host has a new key, set the known hosts again (${SET} --known-hosts …)`,
  ],
  [
    /Host key verification failed|host key is known for/,
    ({ host, withKey }) =>
      `no host key of ${host} is known: ${withKey ? 'set known hosts that name it' : 'set the tool credential with known hosts that name it'} (${SET} --known-hosts …)`,
  ],
  [
    /^Load key /m,
    () => "this runner's ssh client cannot read the key of the tool credential github-ssh: set it in another form",
  ],
  [
    /Permission denied \(|Too many authentication failures/,
    ({ host, withKey }) =>
      withKey
        ? `${host} did not take the key of the tool credential github-ssh: let its public half read the repository there`
        : `${host} asks for a key: set the tool credential github-ssh (${SET}), or give one to the runner's user`,
  ],
  [/timed out|^Timeout, server .* not responding/m, ({ host }) => `${host} was silent for too long`],
];

/** What to do about it, in words for people; undefined where git's own are all there is to say. */
export function explainSshFailure(said: string, attempt: SshAttempt): string | undefined {
  return EXPLANATIONS.find(([pattern]) => pattern.test(said))?.[1](attempt);
}
