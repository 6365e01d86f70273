import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { HttpDependencies } from '../../../src/http/dependencies.js';
import { openApiDocument } from '../../../src/http/openapi.js';
import { COMPONENT_SCHEMAS } from '../../../src/http/openapi-components.js';
import { allRoutes } from '../../../src/http/routes/all-routes.js';
import { validated } from '../../../src/http/validation/validate.js';

/** Routes are data: nothing is reached until one is called. */
const routes = allRoutes({} as HttpDependencies);
const document = JSON.parse(JSON.stringify(openApiDocument(routes)));

interface Operation {
  readonly operationId: string;
  readonly parameters: { name: string; in: string; required?: boolean }[];
  readonly security?: unknown;
  readonly requestBody?: { content: Record<string, unknown> };
  readonly responses: Record<string, { content?: Record<string, { schema: unknown }> }>;
}
const paths = Object.entries<Record<string, Operation>>(document.paths);

function walk(node: unknown, visit: (node: Record<string, unknown>) => void): void {
  if (typeof node !== 'object' || node === null) return;
  if (!Array.isArray(node)) visit(node as Record<string, unknown>);
  for (const child of Object.values(node)) walk(child, visit);
}

describe('the OpenAPI document', () => {
  it('has every route of the contract', () => {
    const served = routes.map((route) => `${route.method} ${route.path.replace(/:\w+/g, ':')}`).sort();
    const promised = `
      GET /metrics|GET /health|GET /health/live|GET /health/readiness|GET /openapi.json|GET /api/v1/backends
      GET /api/v1/installation
      POST /api/v1/runs|GET /api/v1/runs|GET /api/v1/runs/:|PATCH /api/v1/runs/:/status|POST /api/v1/runs/:/cancel
      GET /api/v1/runs/:/result|GET /api/v1/runs/:/explain|POST /api/v1/runs/:/claim|PATCH /api/v1/runs/:/lease
      POST /api/v1/runs/:/commands|GET /api/v1/runs/:/commands|GET /api/v1/runs/:/commands/:
      GET /api/v1/runs/:/commands/:/result|POST /api/v1/commands/:/ack|PATCH /api/v1/commands/:/status
      POST /api/v1/commands/:/cancel|POST /api/v1/runs/:/events|GET /api/v1/runs/:/events
      GET /api/v1/runs/:/events/stream|POST /api/v1/runs/:/runner-jobs|GET /api/v1/runs/:/runner-jobs
      GET /api/v1/runs/:/runner-jobs/:|POST /api/v1/runners/register|POST /api/v1/runners/retention
      POST /api/v1/runners/assignment|POST /api/v1/temporal/codec/decode
      GET /api/v1/tool-credentials|GET /api/v1/tool-credentials/:|DELETE /api/v1/tool-credentials/:
      PUT /api/v1/tool-credentials/:/credential
      GET /api/v1/provider-profiles|GET /api/v1/provider-profiles/:|DELETE /api/v1/provider-profiles/:
      GET /api/v1/provider-profiles/:/config|PUT /api/v1/provider-profiles/:/config
      PUT /api/v1/provider-profiles/:/credential|POST /api/v1/provider-profiles/:/validate
      GET /api/v1/provider-profiles/:/validations/:
      GET /api/v1/aipod-specs|POST /api/v1/aipod-specs|GET /api/v1/aipod-specs/:|PUT /api/v1/aipod-specs/:
      DELETE /api/v1/aipod-specs/:|GET /api/v1/aipod-specs/:/versions|POST /api/v1/aipod-specs/:/render
      POST /api/v1/queue/schedules|GET /api/v1/queue/schedules|GET /api/v1/queue/schedules/:
      PATCH /api/v1/queue/schedules/:|DELETE /api/v1/queue/schedules/:
      POST /api/v1/queue/webhooks|GET /api/v1/queue/webhooks|GET /api/v1/queue/webhooks/:|DELETE /api/v1/queue/webhooks/:
      GET /api/v1/queue/webhooks/:/deliveries|POST /api/v1/queue/webhooks/:/deliveries/:/redeliver
      POST /api/v1/sessions|GET /api/v1/sessions|GET /api/v1/sessions/:|GET /api/v1/sessions/:/trace
      GET /api/v1/sessions/:/output|POST /api/v1/sessions/:/send|POST /api/v1/sessions/:/read
      POST /api/v1/sessions/:/control|POST /api/v1/sessions/storage/gc|GET /api/v1/sessions/:/storage
      DELETE /api/v1/sessions/:/storage|POST /api/v1/sessions/:/storage/refresh|GET /api/v1/sessions/:/explain
      POST /api/v1/queue/tasks|GET /api/v1/queue/tasks|GET /api/v1/queue/tasks/:|POST /api/v1/queue/tasks/:/dispatch
      POST /api/v1/queue/tasks/:/refresh|POST /api/v1/queue/tasks/:/cancel|POST /api/v1/queue/tasks/:/read
      GET /api/v1/queue/stats|GET /api/v1/queue/commander|GET /api/v1/queue/queues|GET /api/v1/queue/queues/:
      PUT /api/v1/queue/queues/:|GET /api/v1/queue/budgets|GET /api/v1/queue/budgets/:|PUT /api/v1/queue/budgets/:
      DELETE /api/v1/queue/budgets/:`;
    const lines = promised.split(/[|\n]/).map((line) => line.trim());
    assert.deepEqual(served, lines.filter((line) => line !== '').sort());
  });

  it('has an operation for each route, each under its own name', () => {
    const ids = new Set(routes.map((route) => route.operationId));
    assert.equal(ids.size, routes.length);
    for (const route of routes) {
      const path = document.paths[route.path.replace(/:(\w+)/g, '{$1}')];
      assert.equal(path?.[route.method.toLowerCase()]?.operationId, route.operationId);
    }
  });

  it('refers to nothing that is not there', () => {
    walk(document, (node) => {
      if (typeof node.$ref !== 'string') return;
      const name = node.$ref.replace('#/components/schemas/', '');
      assert.ok(name in document.components.schemas, node.$ref);
    });
  });

  it('says what is sent to webhooks', () => {
    const { parameters, requestBody } = document.webhooks.taskEnded.post;
    assert.deepEqual(
      parameters.map((parameter: { name: string }) => parameter.name),
      ['webhook-id', 'webhook-timestamp', 'webhook-signature'],
    );
    assert.deepEqual(requestBody.content['application/json'].schema, { $ref: '#/components/schemas/WebhookPayload' });
  });

  it('uses every named schema', () => {
    const text = JSON.stringify(document);
    for (const name of Object.keys(COMPONENT_SCHEMAS)) assert.ok(text.includes(`/schemas/${name}"`), name);
  });

  it('names each path parameter, and no other', () => {
    for (const [path, operations] of paths) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      for (const operation of Object.values(operations)) {
        const named = operation.parameters.filter((parameter) => parameter.in === 'path');
        assert.deepEqual(
          named.map((parameter) => parameter.name),
          inPath,
        );
        assert.ok(named.every((parameter) => parameter.required === true));
      }
    }
  });

  it('asks for the bearer token everywhere but in health, in figures and in itself', () => {
    assert.deepEqual(document.security, [{ bearer: [] }]);
    assert.equal(document.components.securitySchemes.bearer.scheme, 'bearer');
    for (const [path, operations] of paths) {
      for (const operation of Object.values(operations)) {
        const open = path.startsWith('/health') || ['/metrics', '/openapi.json'].includes(path);
        assert.deepEqual(operation.security, open ? [] : undefined, path);
        assert.equal('401' in operation.responses, !open, path);
      }
    }
  });

  it('answers every refusal in the failure envelope', () => {
    const responses = paths.flatMap(([, operations]) => Object.values(operations).map((each) => each.responses));
    for (const [status, response] of responses.flatMap((each) => Object.entries(each))) {
      if (Number(status) < 400) continue;
      assert.deepEqual(response.content?.['application/json']?.schema, { $ref: '#/components/schemas/Failure' });
    }
  });

  it('gives examples that its own schemas accept', () => {
    const withExample = routes.filter((route) => route.bodyExample !== undefined);
    assert.ok(withExample.length > 5);
    for (const { body, chooseBody, bodyExample } of withExample) {
      assert.ok(body);
      validated(chooseBody?.(bodyExample) ?? body, structuredClone(bodyExample));
    }
  });

  it('says which routes take YAML as well', () => {
    const taking = paths.flatMap(([path, operations]) =>
      Object.entries(operations).map(
        ([method, { requestBody }]) => [`${method} ${path}`, requestBody?.content] as const,
      ),
    );
    assert.deepEqual(
      taking.filter(([, content]) => content !== undefined && 'application/yaml' in content).map(([name]) => name),
      ['post /api/v1/aipod-specs', 'put /api/v1/aipod-specs/{name}'],
    );
  });

  it('promises no backend of its own for what is sent to a session: that is as in its last run', () => {
    const { SessionSend, RunBase } = document.components.schemas;
    for (const field of ['run', 'runBase']) {
      assert.deepEqual(SessionSend.properties[field].anyOf[0], { $ref: '#/components/schemas/RunBase' });
    }
    assert.equal(RunBase.properties.backendProfile.default, undefined);
    const created =
      document.components.schemas.RunCreate ??
      document.paths['/api/v1/runs'].post.requestBody.content['application/json'].schema;
    assert.equal(created.properties.backendProfile.default, 'codex');
  });

  it('says that a body may be left out where nothing in it is needed', () => {
    const body = (path: string, method: string) => document.paths[path][method].requestBody.required;
    assert.equal(body('/api/v1/runs', 'post'), true);
    assert.equal(body('/api/v1/aipod-specs', 'post'), true);
    assert.equal(body('/api/v1/runs/{runId}/cancel', 'post'), false);
    assert.equal(body('/api/v1/runs/{runId}/status', 'patch'), false);
  });
});
