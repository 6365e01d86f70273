import { Type } from 'typebox';
import * as contract from '../../contract/aipod-spec.js';
import { Page } from '../../contract/common.js';
import { AgentRunError } from '../../domain/errors.js';
import { aipodSpecKey } from '../../domain/aipod-spec-versions.js';
import { requireInstallation } from '../../operations/access.js';
import * as specs from '../../operations/aipod-specs/aipod-specs.js';
import { cursor, flagField, limit, strictIntegerField } from '../query-fields.js';
import { route, type Route } from '../route.js';
import { documentOfBody } from '../validation/aipod-document.js';

const tag = 'aipod-specs';
const params = { name: contract.AipodSpecName };

const body = Type.Union([contract.AipodSpecJsonBody, contract.AipodSpecYamlBody]);
const chooseBody = (given: unknown) => (isYamlBody(given) ? contract.AipodSpecYamlBody : contract.AipodSpecJsonBody);
const takesYaml = true;

const bodyExample = {
  apiVersion: 'agentrun/v1',
  kind: 'AipodSpec',
  metadata: { name: 'reviewer', labels: { team: 'platform' } },
  spec: {
    projectId: 'website',
    backendProfile: 'exec',
    workspaceRef: { kind: 'git', repoUrl: 'https://git.example.com/acme/website.git', ref: 'main' },
    executionPolicy: { sandbox: 'read-only', timeoutMs: 900_000 },
    promptPreamble: 'Review what changed since yesterday.',
  },
};

const dryRun = flagField('True: only say what would come of it.');

function isYamlBody(given: unknown): given is { yaml: string } {
  return typeof given === 'object' && given !== null && 'yaml' in given;
}

/** The two names are one, in any case. */
function assertSameName(urlName: string, metadataName: string): void {
  if (aipodSpecKey(urlName) === aipodSpecKey(metadataName)) return;
  const message = 'metadata.name must be the name in the URL';
  throw new AgentRunError('schema-invalid', 'invalid', message, { urlName, metadataName, valuesPrinted: false });
}

const writeRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/api/v1/aipod-specs',
    operationId: 'applyAipodSpec',
    tag,
    summary: 'Apply an AipodSpec: make it, or its next version',
    description:
      'The body is the document, `{yaml: "<text>"}`, or the text itself as `application/yaml`. Content that is there already makes no version. Only for operators of all tenants.',
    auth: 'operator',
    body,
    chooseBody,
    bodyExample,
    takesYaml,
    query: { dryRun },
    refusals: [409],
    answer: contract.AipodSpecApplied,
    handle: async ({ principal, body, query }, { operations }) => {
      requireInstallation(principal);
      const { idempotencyKey } = body;
      return specs.applyAipodSpec(operations, principal, { ...documentOfBody(body), ...query, idempotencyKey });
    },
  }),
  route({
    method: 'PUT',
    path: '/api/v1/aipod-specs/:name',
    operationId: 'putAipodSpec',
    tag,
    summary: 'Apply an AipodSpec under its name',
    description:
      'As `POST /api/v1/aipod-specs`. 409 when the newest version is neither `ifVersion` nor of this content.',
    auth: 'operator',
    // Any text: a name that is not the document's is refused as such.
    params: { name: Type.String({ maxLength: 200 }) },
    body,
    chooseBody,
    bodyExample,
    takesYaml,
    query: {
      ifVersion: strictIntegerField({ minimum: 0 }, 'The version that was seen last; 0 where there is to be none.'),
      dryRun,
    },
    refusals: [409],
    answer: contract.AipodSpecApplied,
    handle: async ({ principal, params, body, query }, { operations }) => {
      requireInstallation(principal);
      const read = documentOfBody(body);
      assertSameName(params.name, read.document.metadata.name);
      return specs.applyAipodSpec(operations, principal, { ...read, ...query });
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/v1/aipod-specs/:name',
    operationId: 'deleteAipodSpec',
    tag,
    summary: 'Delete an AipodSpec',
    description:
      'Its versions stay to be read by number, and go on counting when it is made again. Only for operators of all tenants.',
    auth: 'operator',
    params,
    answer: contract.AipodSpecDeleted,
    handle: ({ principal, params }, { operations }) => specs.deleteAipodSpec(operations, principal, params.name),
  }),
];

const readRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/aipod-specs',
    operationId: 'listAipodSpecs',
    tag,
    summary: 'List AipodSpecs by name',
    auth: 'operator',
    query: { limit: limit(50), cursor },
    answer: Page(contract.AipodSpecSummary),
    handle: ({ query }, { operations }) => operations.specs.list(query),
  }),
  route({
    method: 'GET',
    path: '/api/v1/aipod-specs/:name',
    operationId: 'getAipodSpec',
    tag,
    summary: 'An AipodSpec, in its newest or another version',
    auth: 'operator',
    params,
    query: { version: strictIntegerField({ minimum: 1 }, 'An older version; also one of a deleted spec.') },
    answer: contract.AipodSpecRecord,
    handle: ({ params, query }, { operations }) => specs.getAipodSpec(operations, params.name, query.version),
  }),
  route({
    method: 'GET',
    path: '/api/v1/aipod-specs/:name/versions',
    operationId: 'listAipodSpecVersions',
    tag,
    summary: 'The versions of an AipodSpec, newest first',
    auth: 'operator',
    params,
    query: { limit: limit(50), cursor },
    answer: Page(contract.AipodSpecSummary),
    handle: ({ params, query }, { operations }) =>
      specs.listAipodSpecVersions(operations, { name: params.name, ...query }),
  }),
  route({
    method: 'POST',
    path: '/api/v1/aipod-specs/:name/render',
    operationId: 'renderAipodSpec',
    tag,
    summary: 'The bodies of a task, or of a run, its turn and its runner Job, that ask for the work of an AipodSpec',
    description:
      'Nothing is written. The input wins over the spec, field by field; policies, `env` and `metadata` are merged by their own fields; null takes away what the spec says.',
    auth: 'operator',
    params,
    body: contract.AipodRenderRequest,
    bodyExample: { input: { tenantId: 'acme', prompt: 'Look at the checkout first.' } },
    answer: contract.AipodRendered,
    handle: ({ principal, params, body }, { operations }) => specs.renderSpec(operations, principal, params.name, body),
  }),
];

export const aipodSpecRoutes: Route[] = [...writeRoutes, ...readRoutes];
