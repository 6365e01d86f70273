import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Who the parts of the test cluster are. Each has a token that the API server is told of when it starts, so that no certificates have to be
 * made: the servers' own are self-signed and not looked at, on addresses of this machine alone.
 */
const IDENTITIES = {
  admin: { user: 'admin', groups: 'system:masters' },
  controllers: { user: 'system:kube-controller-manager', groups: '' },
  scheduler: { user: 'system:kube-scheduler', groups: '' },
  node: { user: 'system:node:node-1', groups: 'system:nodes' },
} as const;

export type Identity = keyof typeof IDENTITIES;

export const NODE_NAME = 'node-1';

/** Writes `tokens.csv` for the API server and a kubeconfig per identity; answers their paths. */
export async function writeIdentities(folder: string, server: string) {
  const names = Object.keys(IDENTITIES) as Identity[];
  const tokens = names.map((name) => ({ name, token: randomBytes(24).toString('hex') }));
  const rows = tokens.map(({ name, token }) => {
    const { user, groups } = IDENTITIES[name];
    return `${token},${user},${user},"${groups}"\n`;
  });
  const tokensFile = join(folder, 'tokens.csv');
  await writeFile(tokensFile, rows.join(''), { mode: 0o600 });
  const kubeconfigs = await Promise.all(
    tokens.map(async ({ name, token }) => [name, await writeKubeconfig(folder, server, name, token)] as const),
  );
  return { tokensFile, kubeconfigs: Object.fromEntries(kubeconfigs) as Record<Identity, string> };
}

async function writeKubeconfig(folder: string, server: string, name: Identity, token: string): Promise<string> {
  const path = join(folder, `${name}.kubeconfig`);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name, user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: name } }],
    'current-context': 'test',
  };
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}
