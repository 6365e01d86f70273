import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import pg from 'pg';

/** A git server that asks for a password and takes none; it remembers those that it was shown. */
export async function refusingGitServer(): Promise<{ gitServer: Server; basicAuth: string[] }> {
  const basicAuth: string[] = [];
  const gitServer = createServer((request, response) => {
    const [, shown] = request.headers.authorization?.split(' ') ?? [];
    if (shown !== undefined) basicAuth.push(Buffer.from(shown, 'base64').toString());
    // Not at once: who looks at processes is to see the one that asks.
    const refuse = () =>
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"', connection: 'close' }).end();
    setTimeout(refuse, 300);
  });
  gitServer.listen(0, '127.0.0.1');
  await once(gitServer, 'listening');
  return { gitServer, basicAuth };
}

/** The stack's own database, as its administrator sees it. */
export async function database(dataDir: string, use: (client: pg.Client) => Promise<void>): Promise<void> {
  const password = (await readFile(join(dataDir, 'postgres', 'password'), 'utf8')).trim();
  const [, , , port] = (await readFile(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8')).split('\n');
  const client = new pg.Client({ connectionString: `postgres://agentrun:${password}@127.0.0.1:${port}/agentrun` });
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}
