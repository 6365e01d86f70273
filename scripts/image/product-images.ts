import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { cachedCodexFolder, CODEX_VERSION } from '../../src/backend-programs/find-codex.js';
import { installCodex } from '../../src/backend-programs/install-codex.js';
import { projectRoot } from '../project-root.js';
import { copyPackages, copyProgram, packagesLayer, programLayer, PROGRAM_DIR, steadyModes } from './app-files.js';
import { digestOf, type ImageConfig, type ImageSpec, type Layer } from './oci-image.js';
import { softwareBill } from './sbom.js';
import { basePrograms, runnerPrograms, systemLayer, toolsLayer } from './system-layers.js';

/** Where `agentrun backend install` puts programs in the runner's image. */
const PROGRAMS_DIR = 'opt/agentrun-programs';
/** Beside the program: what the image is made of. */
export const BILL = `${PROGRAM_DIR}/sbom.cdx.json`;

/** As in the Dockerfile. */
const CONFIG: ImageConfig = {
  Entrypoint: ['agentrun'],
  Cmd: ['api'],
  User: '1000:1000',
  WorkingDir: '/var/lib/agentrun',
};
const ENVIRONMENT = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  NODE_ENV: 'production',
  HOME: '/home/agent',
  AGENTRUN_HOST: '0.0.0.0',
  AGENTRUN_DATA_DIR: '/var/lib/agentrun',
};

export interface ProductImage extends ImageSpec {
  /** CycloneDX; the image holds the same. */
  readonly bill: string;
}

/** API, worker and migrations. */
export async function managerImage(repository: string): Promise<ProductImage> {
  const bill = await softwareBill(await basePrograms());
  return named(repository, await managerLayers(bill), ENVIRONMENT, bill);
}

/** The same with what runners need on top: git, ssh, bash and codex. */
export async function runnerImage(repository: string): Promise<ProductImage> {
  const [base, tools] = [await basePrograms(), await runnerPrograms()];
  const codex = { 'bom-ref': `@openai/codex@${CODEX_VERSION}`, type: 'library', name: '@openai/codex' };
  const purl = { version: CODEX_VERSION, purl: `pkg:npm/%40openai/codex@${CODEX_VERSION}` };
  const bill = await softwareBill({ ...base, ...tools }, [{ ...codex, ...purl }]);
  const below = await managerLayers(await softwareBill(base));
  const layers = [...below, await toolsLayer(), codexLayer(), billLayer(bill)];
  return named(repository, layers, { ...ENVIRONMENT, AGENTRUN_CACHE_DIR: `/${PROGRAMS_DIR}` }, bill);
}

/** What both have of AgentRun itself, into the root of an image that is built otherwise. */
export async function copyApplication(root: string): Promise<void> {
  await copyPackages(root);
  await copyProgram(root);
  await billLayer(await softwareBill({ 'usr/local/bin/node': process.execPath })).fill(root);
}

async function managerLayers(bill: string): Promise<Layer[]> {
  return [await systemLayer(), await packagesLayer(), await programLayer(), billLayer(bill)];
}

async function named(
  repository: string,
  layers: readonly Layer[],
  environment: Readonly<Record<string, string>>,
  bill: string,
): Promise<ProductImage> {
  const commit = process.env['SOURCE_COMMIT'];
  const variables = { ...environment, ...(commit && { AGENTRUN_SOURCE_COMMIT: commit }) };
  const { version } = JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8')) as { version: string };
  const config = {
    ...CONFIG,
    Env: Object.entries(variables).map(([name, value]) => `${name}=${value}`),
    Labels: {
      'org.opencontainers.image.title': 'AgentRun',
      'org.opencontainers.image.version': version,
      ...(commit && { 'org.opencontainers.image.revision': commit }),
    },
  };
  // A name of its own for every content: a Node fetches an image that it has by its name no more.
  const tag = digestOf([...layers.map(({ key }) => key), JSON.stringify(config)].join()).slice(0, 16);
  return { name: `${repository}:${tag}`, layers, config, bill };
}

function billLayer(bill: string): Layer {
  const fill = async (root: string) => {
    await mkdir(join(root, PROGRAM_DIR), { recursive: true });
    await writeFile(join(root, BILL), bill);
    await steadyModes(join(root, 'opt'));
  };
  return { key: digestOf(`bill 2 ${bill}`), fill };
}

/** As `agentrun backend install codex` does it; fetched into this machine's cache first. */
function codexLayer(): Layer {
  const fill = async (root: string) => {
    const cacheDir = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'agentrun');
    await installCodex({ cacheDir, pathEnv: process.env['PATH'] ?? '', onProgress: () => undefined });
    const to = cachedCodexFolder(join(root, PROGRAMS_DIR));
    await mkdir(dirname(to), { recursive: true });
    await cp(cachedCodexFolder(cacheDir), to, { recursive: true, verbatimSymlinks: true });
    await steadyModes(root);
  };
  return { key: digestOf(`codex ${CODEX_VERSION} ${process.arch} 1`), fill };
}
