import assert from 'node:assert/strict';
import { after, before } from 'mocha';
import { Failure } from '../../src/contract/envelope.js';
import type { HttpDependencies } from '../../src/http/dependencies.js';
import type { Route } from '../../src/http/route.js';
import { allRoutes } from '../../src/http/routes/all-routes.js';
import { validated } from '../../src/http/validation/validate.js';
import type { Loose } from '../support/api.js';
import { startTestManager } from '../support/test-manager.js';

type Manager = Awaited<ReturnType<typeof startTestManager>>;

export const ACME_TOKEN = 'acme-operator-token-0123456789';

let starting: Promise<Manager> | undefined;

/** One manager serves every test of the API in this process; it starts with the first that needs it. */
export function useManager(): { readonly api: Api; readonly url: string; readonly token: string } {
  let manager: Manager | undefined;
  before(async function () {
    this.timeout(120_000);
    const acme = { name: 'acme', token: ACME_TOKEN, tenants: ['acme'] };
    starting ??= startTestManager({ AGENTRUN_OPERATORS_JSON: JSON.stringify([acme]) });
    manager = await starting;
  });
  const started = () => manager ?? assert.fail('the manager has not started');
  return {
    get api() {
      return new Api(started().url, started().operatorToken);
    },
    get token() {
      return started().operatorToken;
    },
    get url() {
      return started().url;
    },
  };
}

after(async function () {
  this.timeout(60_000);
  await (await starting)?.stop();
});

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Loose;
  /** What a success answers. */
  readonly data: Loose;
}

/** Routes are data: nothing of the dependencies is reached to describe them. */
const routes = allRoutes({} as HttpDependencies);

/** A caller who checks that every answer is what the OpenAPI document promises. */
export class Api {
  constructor(
    private readonly url: string,
    private readonly token: string | undefined,
  ) {}

  as(token: string | undefined): Api {
    return new Api(this.url, token);
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('GET', path, undefined, headers);
  }
  async post(path: string, body?: unknown): Promise<Answer> {
    return this.request('POST', path, body);
  }
  async patch(path: string, body?: unknown): Promise<Answer> {
    return this.request('PATCH', path, body);
  }

  async request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return this.raw(method, path, text, { ...(text === undefined ? {} : JSON_TYPE), ...headers });
  }

  async raw(method: string, path: string, body: string | undefined, headers: Record<string, string>): Promise<Answer> {
    const authorization: Record<string, string> =
      this.token === undefined ? {} : { authorization: `Bearer ${this.token}` };
    const response = await fetch(this.url + path, { method, body, headers: { ...authorization, ...headers } });
    const answer = (await response.json()) as Record<string, unknown>;
    assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
    assertPromised(method, path, response, answer);
    return { status: response.status, headers: response.headers, body: answer, data: answer.data };
  }

  /** The response itself, for what is not JSON. */
  async open(path: string, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
    return fetch(this.url + path, { headers: { authorization: `Bearer ${this.token}`, ...headers }, signal });
  }

  async createRun(more: Record<string, unknown> = {}): Promise<Loose> {
    const body = { tenantId: 'acme', projectId: 'site', backendProfile: 'exec', ...more };
    return succeeded(await this.post('/api/v1/runs', body));
  }

  async addTurn(runId: string, prompt = 'true'): Promise<Loose> {
    return succeeded(await this.post(`/api/v1/runs/${runId}/commands`, { type: 'turn', payload: { prompt } }));
  }

  /** The run as claimed, and its runner's own voice. */
  async claim(runId: string, runnerId = 'rnr_test', leaseMs = 60_000): Promise<{ run: Loose; runner: Api }> {
    const run = succeeded(await this.post(`/api/v1/runs/${runId}/claim`, { runnerId, leaseMs }));
    return { run, runner: this.as(run.runnerToken) };
  }
}

const JSON_TYPE = { 'content-type': 'application/json' };

export function succeeded({ status, body, data }: Answer): Loose {
  assert.equal(status, 200, JSON.stringify(body));
  return data;
}

/** Checks a refusal's status and kind, and answers its details. */
export function refused({ status, body }: Answer, expectedStatus: number, failureKind: string): Loose {
  assert.deepEqual([status, body.failureKind], [expectedStatus, failureKind], JSON.stringify(body));
  return body.error.details;
}

function assertPromised(method: string, path: string, response: Response, answer: Record<string, unknown>): void {
  assert.equal(answer.traceId ?? response.headers.get('x-trace-id'), response.headers.get('x-trace-id'));
  if (response.status >= 400) {
    validated(Failure, answer);
    return;
  }
  const route = routeOf(method, path.replace(/\?.*/, ''));
  if ('answer' in route) validated(route.answer, answer.data);
}

function routeOf(method: string, path: string): Route {
  const matches = (route: Route) => new RegExp(`^${route.path.replace(/:\w+/g, '[^/]+')}$`).test(path);
  return routes.find((route) => route.method === method && matches(route)) ?? assert.fail(`no route ${method} ${path}`);
}
