import { readFile, rename, writeFile } from 'node:fs/promises';

/** The fields of a JSON file on the volume; none where it is not there, or cannot be read. */
export async function readFields(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (JSON.parse(await readFile(file, 'utf8')) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Complete and on the disk, or as it was before. */
export async function writeFields(file: string, fields: object): Promise<void> {
  const part = `${file}.part`;
  await writeFile(part, `${JSON.stringify(fields)}\n`, { flush: true });
  await rename(part, file);
}
