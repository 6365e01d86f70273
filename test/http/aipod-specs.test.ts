import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'mocha';
import { aipodSpec, aipodYaml, exampleSpec } from '../support/aipod-specs.js';
import { eventually, type Loose } from '../support/api.js';
import { ACME_TOKEN, refused, succeeded, useManager, type Api } from './api.js';

const SPECS = '/api/v1/aipod-specs';
const fresh = () => `Spec-${randomUUID()}`;
const yamlType = (type = 'application/yaml') => ({ 'content-type': type });

async function put(api: Api, name: string, body: unknown, query = ''): Promise<Loose> {
  return api.request('PUT', `${SPECS}/${name}${query}`, body);
}

/** Does with the bodies what a caller would, and answers the run as it ended. */
async function carryOut(api: Api, { run, command, runnerJob }: Loose): Promise<{ run: Loose; reply: string }> {
  const { id } = succeeded(await api.post('/api/v1/runs', run));
  const { id: commandId } = succeeded(await api.post(`/api/v1/runs/${id}/commands`, command));
  succeeded(await api.post(`/api/v1/runs/${id}/runner-jobs`, { ...runnerJob, commandId }));
  const ended = await eventually(
    async () => succeeded(await api.get(`/api/v1/runs/${id}`)),
    ({ terminalStatus }) => terminalStatus !== null,
  );
  return { run: ended, reply: succeeded(await api.get(`/api/v1/runs/${id}/result`)).reply };
}

describe('applying an aipod spec', function () {
  const manager = useManager();

  it('creates, updates, and leaves alone what says the same', async () => {
    const name = fresh();
    const created = succeeded(await manager.api.post(SPECS, aipodSpec(name, 'one')));
    assert.deepEqual([created.action, created.version, created.origin, created.source], ['created', 1, 'api', null]);
    assert.equal(created.appliedBy, 'operator-1');
    const again = succeeded(await manager.api.post(SPECS, aipodSpec(name, 'one')));
    assert.deepEqual(again, { ...created, action: 'unchanged' });
    const reordered = { spec: { title: 'one' }, metadata: { name }, kind: 'AipodSpec', apiVersion: 'agentrun/v1' };
    assert.equal(succeeded(await manager.api.post(SPECS, reordered)).action, 'unchanged');
    const updated = succeeded(await put(manager.api, name, aipodSpec(name, 'two')));
    assert.deepEqual([updated.action, updated.version], ['updated', 2]);
    const { action: _, dryRun: __, warnings: ___, ...record } = updated;
    assert.deepEqual(succeeded(await manager.api.get(`${SPECS}/${name}`)), record);
  });

  it('makes a spec by PUT too', async () => {
    const name = fresh();
    assert.equal(succeeded(await put(manager.api, name, aipodSpec(name))).action, 'created');
  });

  it('takes YAML as a body of its own, by any of its names, and within JSON; and keeps the text', async () => {
    const name = fresh();
    const text = aipodYaml(name, 'one');
    const created = succeeded(await manager.api.raw('POST', SPECS, text, yamlType('application/yaml; charset=utf-8')));
    assert.deepEqual([created.action, created.source, created.spec], ['created', text, { title: 'one' }]);
    for (const type of ['text/yaml', 'application/x-yaml', 'Text/X-YAML']) {
      const same = succeeded(await manager.api.raw('PUT', `${SPECS}/${name}`, text, yamlType(type)));
      assert.deepEqual([same.action, same.version], ['unchanged', 1]);
    }
    assert.equal(succeeded(await manager.api.post(SPECS, { yaml: text })).action, 'unchanged');
    assert.equal(succeeded(await manager.api.post(SPECS, aipodSpec(name, 'one'))).action, 'unchanged');
    assert.equal(succeeded(await manager.api.get(`${SPECS}/${name}`)).source, text);
  });

  it('names field and line of what is wrong, and writes nothing', async () => {
    const name = fresh();
    const text = aipodYaml(name, 'one', 'executionPolicy:', '  sandbox: none');
    const details = refused(await manager.api.raw('POST', SPECS, text, yamlType()), 400, 'schema-invalid');
    assert.deepEqual(details, { field: 'spec.executionPolicy.sandbox', line: 8 });
    const inJson = refused(await manager.api.post(SPECS, { yaml: `${text}  [` }), 400, 'schema-invalid');
    assert.deepEqual([inJson.field, typeof inJson.line, typeof inJson.column], ['yaml', 'number', 'number']);
    const unknown = { ...aipodSpec(name), spec: { executionPolicy: { timeout: 1 } } };
    assert.equal(
      refused(await manager.api.post(SPECS, unknown), 400, 'schema-invalid').field,
      'spec.executionPolicy.timeout',
    );
    assert.equal(refused(await manager.api.post(SPECS, { yaml: 'a', more: 1 }), 400, 'schema-invalid').field, 'more');
    assert.equal(refused(await manager.api.post(SPECS, {}), 400, 'schema-invalid').field, 'apiVersion');
    assert.equal(refused(await manager.api.raw('POST', SPECS, '', yamlType()), 400, 'schema-invalid').field, 'yaml');
    refused(await manager.api.get(`${SPECS}/${name}`), 404, 'schema-invalid');
  });

  it('leaves YAML to its own routes', async () => {
    const other = await manager.api.raw('POST', '/api/v1/runs', 'tenantId: acme\nprojectId: site\n', yamlType());
    assert.equal(refused(other, 415, 'schema-invalid').field, 'content-type');
    const render = await manager.api.raw('POST', `${SPECS}/x/render`, 'input: {}', yamlType());
    assert.equal(refused(render, 415, 'schema-invalid').field, 'content-type');
    const text = await manager.api.raw('POST', SPECS, aipodYaml(fresh()), yamlType('text/plain'));
    assert.match(text.body.message, /application\/json or application\/yaml, not text\/plain/);
  });

  it('refuses a name in the URL that is not that of the document, but for its case', async () => {
    const name = fresh();
    const answer = await put(manager.api, 'other', aipodSpec(name));
    assert.deepEqual(refused(answer, 400, 'schema-invalid'), {
      urlName: 'other',
      metadataName: name,
      valuesPrinted: false,
    });
    const odd = refused(await put(manager.api, 'a%2Fb', aipodSpec(name)), 400, 'schema-invalid');
    assert.equal(odd.urlName, 'a/b');
    assert.equal(succeeded(await put(manager.api, name.toUpperCase(), aipodSpec(name))).name, name);
  });

  it('finds a spec by its name in any case', async () => {
    const name = fresh();
    succeeded(await manager.api.post(SPECS, aipodSpec(name)));
    for (const spelled of [name.toLowerCase(), name.toUpperCase()]) {
      assert.equal(succeeded(await manager.api.get(`${SPECS}/${spelled}`)).name, name);
    }
  });

  it('refuses a change of another version than was seen, and 409 says which is there', async () => {
    const name = fresh();
    succeeded(await put(manager.api, name, aipodSpec(name, 'one'), '?ifVersion=0'));
    succeeded(await put(manager.api, name, aipodSpec(name, 'two'), '?ifVersion=1'));
    const late = await put(manager.api, name, aipodSpec(name, 'three'), '?ifVersion=1');
    assert.deepEqual(refused(late, 409, 'schema-invalid'), { field: 'ifVersion', name, version: 2 });
    assert.equal(succeeded(await put(manager.api, name, aipodSpec(name, 'two'), '?ifVersion=1')).action, 'unchanged');
    for (const wrong of ['-1', 'one', '1.5', '99999999999']) {
      const answer = await put(manager.api, name, aipodSpec(name, 'four'), `?ifVersion=${wrong}`);
      assert.equal(refused(answer, 400, 'schema-invalid').field, 'ifVersion');
    }
  });

  it('makes of twenty different PUTs at once versions 1 to 20, and loses none', async () => {
    const name = fresh();
    const titles = Array.from({ length: 20 }, (_, n) => `title ${n}`);
    const answers = await Promise.all(titles.map(async (title) => put(manager.api, name, aipodSpec(name, title))));
    const versions = answers.map((answer) => succeeded(answer).version as number);
    assert.deepEqual(
      versions.sort((a, b) => a - b),
      titles.map((_, n) => n + 1),
    );
    const stored = await Promise.all(
      versions.map(
        async (version) => succeeded(await manager.api.get(`${SPECS}/${name}?version=${version}`)).spec.title,
      ),
    );
    assert.deepEqual(stored.sort(), [...titles].sort());
    const { items } = succeeded(await manager.api.get(`${SPECS}/${name}/versions`));
    assert.deepEqual(
      items.map((item: Loose) => item.version),
      titles.map((_, n) => 20 - n),
    );
  });

  it('only says what would come of it in a dry run', async () => {
    const name = fresh();
    const foreseen = succeeded(await manager.api.post(`${SPECS}?dryRun=true`, aipodSpec(name)));
    assert.deepEqual([foreseen.action, foreseen.version, foreseen.dryRun], ['created', 1, true]);
    refused(await manager.api.get(`${SPECS}/${name}`), 404, 'schema-invalid');
    succeeded(await manager.api.post(SPECS, aipodSpec(name)));
    const url = `${SPECS}?dryRun=true`;
    assert.equal(succeeded(await manager.api.post(url, aipodSpec(name))).action, 'unchanged');
    const next = succeeded(await manager.api.post(url, aipodSpec(name.toUpperCase(), 'b')));
    assert.deepEqual([next.action, next.version, next.name, next.metadata.name], ['updated', 2, name, name]);
    refused(await put(manager.api, name, aipodSpec(name, 'b'), '?dryRun=true&ifVersion=7'), 409, 'schema-invalid');
    assert.equal(succeeded(await manager.api.get(`${SPECS}/${name}`)).version, 1);
  });

  it('answers the first result for the same key, and refuses the key for another body', async () => {
    const [name, idempotencyKey] = [fresh(), randomUUID()];
    const first = succeeded(await manager.api.post(SPECS, { ...aipodSpec(name, 'one'), idempotencyKey }));
    succeeded(await manager.api.post(SPECS, aipodSpec(name, 'two')));
    const again = succeeded(await manager.api.post(SPECS, { yaml: aipodYaml(name, 'one'), idempotencyKey }));
    assert.deepEqual([again.action, again.version], [first.action, first.version]);
    const other = await manager.api.post(SPECS, { ...aipodSpec(name, 'three'), idempotencyKey });
    refused(other, 409, 'idempotency-conflict');
  });

  it('warns of a backend profile that is not there, and applies the spec', async () => {
    const name = fresh();
    const applied = succeeded(await manager.api.post(SPECS, aipodSpec(name, 'a', { backendProfile: 'later' })));
    assert.deepEqual(
      applied.warnings.map(({ field }: Loose) => field),
      ['spec.backendProfile'],
    );
    assert.deepEqual(
      succeeded(await manager.api.post(SPECS, aipodSpec(fresh(), 'a', { backendProfile: 'exec' }))).warnings,
      [],
    );
  });
});

describe('deleting an aipod spec', function () {
  const manager = useManager();

  it('takes it out of the lists, keeps its versions, and goes on counting when it is made again', async () => {
    const name = fresh();
    succeeded(await manager.api.post(SPECS, aipodSpec(name, 'one')));
    const deleted = succeeded(await manager.api.request('DELETE', `${SPECS}/${name.toLowerCase()}`));
    assert.deepEqual(deleted, { action: 'deleted', name, version: 1, valuesPrinted: false });
    refused(await manager.api.request('DELETE', `${SPECS}/${name}`), 404, 'schema-invalid');
    refused(await manager.api.get(`${SPECS}/${name}`), 404, 'schema-invalid');
    const input = { tenantId: 'acme', projectId: 'site', prompt: 'true' };
    refused(await manager.api.post(`${SPECS}/${name}/render`, { input, version: 1 }), 404, 'schema-invalid');
    const listed = succeeded(await manager.api.get(`${SPECS}?limit=500`)).items;
    assert.ok(!listed.some((item: Loose) => item.name === name));
    assert.equal(succeeded(await manager.api.get(`${SPECS}/${name}?version=1`)).spec.title, 'one');
    const again = succeeded(await manager.api.post(SPECS, aipodSpec(name, 'one')));
    assert.deepEqual([again.action, again.version], ['created', 2]);
  });

  it('answers 404 for what never was', async () => {
    const name = fresh();
    refused(await manager.api.request('DELETE', `${SPECS}/${name}`), 404, 'schema-invalid');
    refused(await manager.api.get(`${SPECS}/${name}/versions`), 404, 'schema-invalid');
    refused(await manager.api.get(`${SPECS}/${name}?version=1`), 404, 'schema-invalid');
    refused(await manager.api.get(`${SPECS}/a:b`), 404, 'schema-invalid');
    assert.equal(refused(await manager.api.get(`${SPECS}/${name}?version=0`), 400, 'schema-invalid').field, 'version');
  });
});

describe('who may use aipod specs', function () {
  const manager = useManager();

  it('is every operator to read and render for its tenants; to write, one of all tenants', async () => {
    const name = fresh();
    succeeded(await manager.api.post(SPECS, aipodSpec(name, 'a', { projectId: 'site' })));
    const acme = manager.api.as(ACME_TOKEN);
    for (const path of [SPECS, `${SPECS}/${name}`, `${SPECS}/${name}/versions`]) succeeded(await acme.get(path));
    const render = (tenantId: string) => acme.post(`${SPECS}/${name}/render`, { input: { tenantId, prompt: 'true' } });
    succeeded(await render('acme'));
    assert.equal(refused(await render('beta'), 403, 'forbidden').field, 'input.tenantId');
    refused(await acme.post(SPECS, aipodSpec(name, 'b')), 403, 'forbidden');
    refused(await acme.post(`${SPECS}?dryRun=true`, { yaml: '[' }), 403, 'forbidden');
    refused(await put(acme, name, aipodSpec(name, 'b')), 403, 'forbidden');
    refused(await acme.request('DELETE', `${SPECS}/${name}`), 403, 'forbidden');
    assert.equal(succeeded(await manager.api.get(`${SPECS}/${name}`)).version, 1);
  });

  it('is no runner, and nobody without a token', async () => {
    const { runner } = await manager.api.claim((await manager.api.createRun()).id);
    refused(await runner.get(SPECS), 403, 'forbidden');
    refused(await runner.post(SPECS, aipodSpec(fresh())), 403, 'forbidden');
    refused(await runner.post(`${SPECS}/x/render`, {}), 403, 'forbidden');
    refused(await manager.api.as(undefined).get(SPECS), 401, 'auth-required');
  });
});

describe('rendering an aipod spec', function () {
  const manager = useManager();

  it('answers bodies with which the example of the documentation completes', async () => {
    const applied = succeeded(await manager.api.raw('POST', SPECS, await exampleSpec(), yamlType()));
    assert.deepEqual(applied.warnings, []);
    const input = {
      tenantId: 'acme',
      prompt: 'echo "of $TICKET"',
      env: { TICKET: 'A-1' },
      executionPolicy: { timeoutMs: 60_000 },
    };
    const rendered = succeeded(await manager.api.post(`${SPECS}/Reviewer/render`, { input }));
    assert.deepEqual(rendered.spec, { name: 'reviewer', version: applied.version });
    assert.deepEqual(rendered.run.executionPolicy, {
      sandbox: 'read-only',
      network: false,
      timeoutMs: 60_000,
      idleTimeoutMs: 300_000,
    });
    assert.deepEqual([rendered.task.queue, rendered.task.priority], ['nightly', 10]);
    const { run, reply } = await carryOut(manager.api, rendered);
    assert.deepEqual([run.status, run.tenantId, run.projectId], ['completed', 'acme', 'website']);
    assert.equal(reply, 'reviewing at depth 1\nof A-1\n');
    assert.deepEqual(run.metadata, { purpose: 'review', aipodSpec: rendered.spec });
    assert.equal(run.executionPolicy.approval, 'never');
  }).timeout(60_000);

  it('renders the newest version, or the one asked for, and writes nothing', async () => {
    const name = fresh();
    const names = { tenantId: 'acme', projectId: 'site' };
    for (const title of ['one', 'two']) succeeded(await manager.api.post(SPECS, aipodSpec(name, title, names)));
    const count = async () => succeeded(await manager.api.get('/api/v1/runs?limit=500')).items.length as number;
    const before = await count();
    const render = async (more: object) =>
      succeeded(await manager.api.post(`${SPECS}/${name}/render`, { input: { prompt: 'true' }, ...more }));
    const [newest, first] = [await render({}), await render({ version: 1 })];
    assert.deepEqual([newest.spec.version, newest.task.title], [2, 'two']);
    assert.deepEqual([first.spec.version, first.task.title], [1, 'one']);
    assert.equal(await count(), before);
    const unknown = await manager.api.post(`${SPECS}/${name}/render`, { input: { prompt: 'true' }, version: 3 });
    refused(unknown, 404, 'schema-invalid');
  });

  it('names what is missing in the input, what it does not know, and a secret, without repeating it', async () => {
    const name = fresh();
    succeeded(await manager.api.post(SPECS, aipodSpec(name, 'a', { projectId: 'site' })));
    const field = async (body: object) =>
      refused(await manager.api.post(`${SPECS}/${name}/render`, body), 400, 'schema-invalid').field;
    const all = { tenantId: 'acme', prompt: 'true' };
    assert.equal(await field({}), 'input.prompt');
    assert.equal(await field({ input: { prompt: 'true' } }), 'input.tenantId');
    assert.equal(await field({ input: { ...all, backend: 'exec' } }), 'input.backend');
    assert.equal(await field({ input: all, set: {} }), 'set');
    assert.equal(
      await field({ input: { ...all, executionPolicy: { timeoutMs: 1 } } }),
      'input.executionPolicy.timeoutMs',
    );
    const workspaceRef = { kind: 'git', repoUrl: 'https://u:planted@git.example.com/x' };
    const answer = await manager.api.post(`${SPECS}/${name}/render`, { input: { ...all, workspaceRef } });
    assert.equal(refused(answer, 400, 'schema-invalid').field, 'input.workspaceRef.repoUrl');
    assert.doesNotMatch(JSON.stringify(answer.body), /planted/);
  });

  it('warns of a backend profile that is not there; the run is what refuses it', async () => {
    const name = fresh();
    const spec = { tenantId: 'acme', projectId: 'site', backendProfile: 'later' };
    succeeded(await manager.api.post(SPECS, aipodSpec(name, 'a', spec)));
    const rendered = succeeded(await manager.api.post(`${SPECS}/${name}/render`, { input: { prompt: 'true' } }));
    assert.equal(rendered.warnings[0].field, 'spec.backendProfile');
    assert.equal(
      refused(await manager.api.post('/api/v1/runs', rendered.run), 400, 'schema-invalid').field,
      'backendProfile',
    );
    const input = { prompt: 'true', backendProfile: 'exec' };
    assert.deepEqual(succeeded(await manager.api.post(`${SPECS}/${name}/render`, { input })).warnings, []);
  });
});
