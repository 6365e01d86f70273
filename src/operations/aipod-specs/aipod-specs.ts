import type {
  AipodRendered,
  AipodRenderRequest,
  AipodSpec,
  AipodSpecApplied,
  AipodSpecRecord,
  AipodSpecWarning,
} from '../../contract/aipod-spec.js';
import { aipodSpecKey, decideApply } from '../../domain/aipod-spec-versions.js';
import { conflict, forbidden, missing, type AgentRunError } from '../../domain/errors.js';
import { seesTenant, type Principal } from '../../domain/principal.js';
import type { AipodSpecDraft, ApplyOptions } from '../../ports/aipod-spec-store.js';
import { requireInstallation } from '../access.js';
import { bodyHash } from '../body-hash.js';
import type { OperationContext } from '../context.js';
import { renderAipodSpec } from './render-aipod-spec.js';
import { assertMayClone, assertNoCredentials } from '../runs/repo-url.js';
import { assertMayNameImage } from '../runs/runner-image.js';

const ROUTE = 'POST /api/v1/aipod-specs';

type Context = Pick<OperationContext, 'specs' | 'backends' | 'allowsImage' | 'allowsRepository'>;

export interface ApplyRequest extends Pick<AipodSpecDraft, 'document' | 'source'> {
  readonly ifVersion?: number;
  readonly idempotencyKey?: string;
  readonly dryRun?: boolean;
}

/**
 * Makes a new version of a spec, or finds that its newest says the same.
 * @throws forbidden; conflict when `ifVersion` is not the newest; idempotency-conflict.
 */
export async function applyAipodSpec(
  context: Context,
  principal: Principal,
  { document, source, ifVersion, idempotencyKey, dryRun = false }: ApplyRequest,
): Promise<AipodSpecApplied> {
  // Who changes a spec changes it for every tenant.
  requireInstallation(principal);
  const appliedBy = principal.kind === 'operator' ? principal.name : null;
  const draft = aipodSpecDraft(document, { source, origin: 'api', appliedBy });
  const options = { ifVersion, reservation: reservationOf(document, idempotencyKey) };
  const { action, record } = dryRun
    ? await foresee(context, draft, ifVersion)
    : await context.specs.apply(draft, options);
  return { ...record, action, dryRun, warnings: await warningsOf(context, record.spec.backendProfile, 'spec') };
}

/** A document as it is stored. Its hash is that of its content: neither layout nor the case of its name counts. */
export function aipodSpecDraft(
  document: AipodSpec,
  from: Pick<AipodSpecDraft, 'source' | 'origin' | 'appliedBy'>,
): AipodSpecDraft {
  const name = aipodSpecKey(document.metadata.name);
  return { document, ...from, contentHash: bodyHash({ ...document, metadata: { ...document.metadata, name } }) };
}

function reservationOf(document: AipodSpec, key: string | undefined): ApplyOptions['reservation'] {
  // Of no tenant.
  return key === undefined ? undefined : { tenantId: '', route: ROUTE, key, bodyHash: bodyHash({ ...document }) };
}

/** What `apply` would do, without doing it; the record that it would answer, as of now. */
async function foresee({ specs }: Context, draft: AipodSpecDraft, ifVersion: number | undefined) {
  const { name } = draft.document.metadata;
  const newest = await specs.get(name);
  const isDeleted = newest !== undefined && newest.deletedAt !== null;
  const decided = decideApply(newest && { ...newest, isDeleted }, draft.contentHash, ifVersion);
  const { action, version } = decided;
  if (action === 'refused')
    throw conflict(`aipod spec ${name} is not at that version`, { field: 'ifVersion', name, version });
  if (action === 'unchanged' && newest !== undefined) return { action, record: newest };
  const { document, ...from } = draft;
  const spelled = action === 'updated' ? (newest?.name ?? name) : name;
  const made = { version, createdAt: new Date().toISOString(), deletedAt: null, valuesPrinted: false } as const;
  const metadata = { ...document.metadata, name: spelled };
  return { action, record: { ...document, metadata, ...from, name: spelled, ...made } };
}

/** The newest version, or the one asked for, which a deleted spec keeps. @throws missing */
export async function getAipodSpec(context: Context, name: string, version?: number): Promise<AipodSpecRecord> {
  const record = await context.specs.get(name, version);
  if (record === undefined || (version === undefined && record.deletedAt !== null)) throw missingSpec(name, version);
  return record;
}

export async function listAipodSpecVersions(context: Context, query: { name: string; limit: number; cursor?: string }) {
  const page = await context.specs.versions(query);
  if (page.items.length === 0 && query.cursor === undefined) throw missingSpec(query.name);
  return page;
}

/** @throws forbidden; missing */
export async function deleteAipodSpec(context: Context, principal: Principal, name: string) {
  // Who changes a spec changes it for every tenant.
  requireInstallation(principal);
  const removed = await context.specs.remove(name);
  if (removed === undefined) throw missingSpec(name);
  return { action: 'deleted', ...removed, valuesPrinted: false } as const;
}

/** A version of a deleted spec stays to be read; work is no longer made of it. */
export async function findWorkableSpec(
  context: Pick<Context, 'specs'>,
  name: string,
  version?: number,
): Promise<AipodSpecRecord | undefined> {
  const record = await context.specs.get(name, version);
  return record?.deletedAt === null ? record : undefined;
}

/** The bodies that ask for a spec's work; nothing is written. @throws missing; forbidden for another tenant, or an image not to be chosen; schema-invalid. */
export async function renderSpec(
  context: Context,
  principal: Principal,
  name: string,
  { input = {}, version }: AipodRenderRequest,
): Promise<AipodRendered> {
  if (input.workspaceRef?.repoUrl !== undefined) {
    assertNoCredentials(input.workspaceRef.repoUrl, 'input.workspaceRef.repoUrl');
  }
  const record = await findWorkableSpec(context, name, version);
  if (record === undefined) throw missingSpec(name, version);
  const rendered = renderAipodSpec(record, input);
  assertMayClone(context, rendered.run, `${input.workspaceRef === undefined ? 'spec' : 'input'}.workspaceRef.repoUrl`);
  if (!seesTenant(principal, rendered.run.tenantId)) {
    throw forbidden('this token does not reach that tenant', { field: 'input.tenantId' });
  }
  await assertMayNameImage(context, principal, input.image, 'input.image');
  const from = input.backendProfile === undefined ? 'spec' : 'input';
  return { ...rendered, warnings: await warningsOf(context, rendered.run.backendProfile, from) };
}

/** A profile may come later than the specs that name it; the run that needs it checks it. */
async function warningsOf(
  { backends }: Context,
  backendProfile: string | undefined,
  from: 'spec' | 'input',
): Promise<AipodSpecWarning[]> {
  if (backendProfile === undefined || (await backends.get(backendProfile)) !== undefined) return [];
  const field = `${from}.backendProfile`;
  return [{ field, message: `there is no backend profile ${backendProfile} now: a run of this spec would be refused` }];
}

function missingSpec(name: string, version?: number): AgentRunError {
  const which = version === undefined ? name : `${name} version ${version}`;
  return missing('aipodSpec', which);
}
