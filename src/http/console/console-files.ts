import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

export interface ConsoleFile {
  readonly contentType: string;
  readonly body: Buffer;
  /** Undefined where it would be no smaller. */
  readonly gzipped: Buffer | undefined;
  readonly etag: string;
  /** Its name holds a digest of it: what it says never changes. */
  readonly isImmutable: boolean;
}

/** By path: `/index.html`, `/assets/…`. */
export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;

const CONTENT_TYPES: Readonly<Record<string, string | undefined>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
};

/** The built console, a few hundred kilobytes, held in memory; undefined where it was not built. */
export async function readConsoleFiles(folder: string): Promise<ConsoleFiles | undefined> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const known = names.filter((name) => CONTENT_TYPES[extname(name)] !== undefined);
  if (!known.includes('index.html')) return undefined;
  const files = known.map(async (name) => [pathOf(name), await consoleFile(join(folder, name), name)] as const);
  return new Map(await Promise.all(files));
}

function pathOf(name: string): string {
  return `/${name.split(sep).join('/')}`;
}

async function consoleFile(path: string, name: string): Promise<ConsoleFile> {
  const body = await readFile(path);
  const gzipped = await promisify(gzip)(body);
  return {
    contentType: CONTENT_TYPES[extname(name)] ?? 'application/octet-stream',
    body,
    gzipped: gzipped.length < body.length * 0.9 ? gzipped : undefined,
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`,
    isImmutable: pathOf(name).startsWith('/assets/'),
  };
}
