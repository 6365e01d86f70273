import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The product's migrations and those of a version to come, each one's SQL in a file of its own, in a folder of their own. */
export async function withNextMigrations(
  migrations: readonly string[],
): Promise<{ directory: string; names: string[]; remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'agentrun-migrations-'));
  await cp('src/postgres/migrations', directory, { recursive: true });
  const names = migrations.map((_, index) => `${9_000 + index}_next`);
  for (const [index, sql] of migrations.entries()) await writeFile(join(directory, `${names[index]}.sql`), sql);
  return { directory, names, remove: () => rm(directory, { recursive: true, force: true }) };
}
