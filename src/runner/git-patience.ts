/** How long git waits for its server. */
export interface GitPatience {
  /** Without a byte of its for so many seconds, in which git and ssh count, the server is given up. */
  readonly silentS: number;
  /** All the time that fetching one workspace may take, whatever comes. */
  readonly wholeMs: number;
}

export const GIT_PATIENCE: GitPatience = { silentS: 60, wholeMs: 3_600_000 };

const ALIVE_COUNT = 4;

/**
 * By which git gives up an HTTP server that sends nothing. A byte a second is enough, since a server that is busy with
 * packing a large repository sends nothing but its progress (which it does for `--progress` alone).
 */
export function httpPatience({ silentS }: GitPatience): Record<string, string> {
  return { GIT_HTTP_LOW_SPEED_LIMIT: '1', GIT_HTTP_LOW_SPEED_TIME: String(silentS) };
}

/** By which ssh gives up a server that does not greet, or is gone: names of its options, and their values. */
export function sshPatience({ silentS }: GitPatience): Record<string, string> {
  return {
    ConnectTimeout: String(silentS),
    ServerAliveInterval: String(Math.ceil(silentS / ALIVE_COUNT)),
    ServerAliveCountMax: String(ALIVE_COUNT),
  };
}

/** What can be said of a server that was given up so; undefined of any other end. */
export function explainSilence(said: string): string | undefined {
  const seconds = /Operation too slow\. .* the last (\d+) seconds/.exec(said)?.[1];
  return seconds === undefined ? undefined : `the Git server sent nothing for ${seconds} s`;
}
