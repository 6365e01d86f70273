// Makes dist/workflow-bundle.js, so that a worker starts without running webpack. Skipped while its inputs are the same.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from './project-root.js';

const workflowsPath = join(projectRoot, 'dist/workflows/index.js');
const workflowInterceptorModules = [join(projectRoot, 'dist/workflows/trace-headers.js')];
const bundlePath = join(projectRoot, 'dist/workflow-bundle.js');
const hashPath = join(projectRoot, 'dist/workflow-bundle.hash');
// The import rules keep workflow code within these folders; the lock file stands for the packages bundled with it.
const inputFolders = ['dist/workflows', 'dist/src/domain'];
const inputFiles = ['package-lock.json', 'dist/scripts/bundle-workflows.js'];

/** SHA-256 over names and contents of everything that the bundle is made of. */
async function hashInputs(): Promise<string> {
  const listed = await Promise.all(inputFolders.map(listScripts));
  const hash = createHash('sha256');
  for (const path of [...inputFiles, ...listed.flat().sort()]) {
    hash.update(`${path}\0`).update(await readFile(join(projectRoot, path)));
  }
  return hash.digest('hex');
}

async function listScripts(folder: string): Promise<string[]> {
  if (!existsSync(join(projectRoot, folder))) return [];
  const names = await readdir(join(projectRoot, folder), { recursive: true });
  return names.filter((name) => name.endsWith('.js')).map((name) => join(folder, name));
}

async function bundle(hash: string): Promise<void> {
  const startedMs = Date.now();
  // Loading the SDK's bundler takes a second, which most builds need not spend.
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  // Webpack's progress is noise; its warnings are not.
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules,
    logger: new DefaultLogger('WARN'),
  });
  // The hash goes first and comes last: an interrupted build is never taken for a finished one.
  await rm(hashPath, { force: true });
  await writeFile(`${bundlePath}.new`, code);
  await rename(`${bundlePath}.new`, bundlePath);
  await writeFile(hashPath, hash);
  console.log(`Workflow bundle: ${Math.round(code.length / 1024)} KiB in ${Date.now() - startedMs} ms`);
}

if (existsSync(workflowsPath)) {
  const hash = await hashInputs();
  const known = existsSync(hashPath) && existsSync(bundlePath) ? await readFile(hashPath, 'utf8') : '';
  if (known !== hash) await bundle(hash);
} else {
  await Promise.all([rm(bundlePath, { force: true }), rm(hashPath, { force: true })]);
  console.warn('No workflow bundle: workflows/index.ts does not exist.');
}
