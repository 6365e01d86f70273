import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

/** Whether a program of that name is on the search path, which has the form of the PATH variable; or at that absolute path. */
export async function isOnSearchPath(program: string, searchPath: string): Promise<boolean> {
  if (isAbsolute(program)) return isExecutableFile(program);
  return (await findOnSearchPath(program, searchPath)) !== undefined;
}

/** The first executable file of that name on the search path; relative folders there would mean another one elsewhere. */
export async function findOnSearchPath(program: string, searchPath: string): Promise<string | undefined> {
  const candidates = searchPath
    .split(delimiter)
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, program));
  const found = await Promise.all(candidates.map(isExecutableFile));
  return candidates[found.indexOf(true)];
}

/** Folders are executable too, in their way: they do not count. */
export async function isExecutableFile(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
