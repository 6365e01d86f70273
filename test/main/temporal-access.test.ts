import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { readSettings } from '../../src/config.js';
import { readTemporalAccess } from '../../src/main/temporal-access.js';
import { awaitTemporal, connectTemporal } from '../../src/temporal/connection.js';
import { Api, eventually, type Answer } from '../support/api.js';
import { issueCertificate, makeAuthority, type CertificateFiles } from '../support/certificates.js';
import { GuardedTemporal, type Guard } from '../support/guarded-temporal.js';
import { createTestNamespace } from '../support/temporal-server.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const API_KEY = 'key-of-the-test';
/** A connection that cannot be is given up at once; the rest is for a busy machine. */
const SOON_MS = 10_000;

describe('a Temporal that is not open to everybody', function () {
  this.timeout(120_000);
  let folder: string;
  let authority: CertificateFiles;
  let stranger: CertificateFiles;
  let server: CertificateFiles;
  let client: CertificateFiles;
  let namespace: { address: string; namespace: string };
  const closing: (() => Promise<unknown>)[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agentrun-temporal-access-'));
    authority = await makeAuthority(folder, 'authority');
    stranger = await makeAuthority(folder, 'stranger');
    server = await issueCertificate(folder, authority, 'localhost');
    client = await issueCertificate(folder, authority, 'manager');
    namespace = await createTestNamespace();
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  after(async () => rm(folder, { recursive: true, force: true }));

  const file = async (name: string, content: string): Promise<string> => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  const guarded = async (guard: Partial<Guard> = {}, target = namespace.address): Promise<GuardedTemporal> => {
    const temporal = await GuardedTemporal.start(target, { certificate: server, ...guard });
    closing.push(() => temporal.stop());
    return temporal;
  };
  const trusting = (address: string, more: Record<string, string> = {}): Record<string, string> => ({
    AGENTRUN_TEMPORAL_ADDRESS: address,
    AGENTRUN_TEMPORAL_TLS_CA_FILE: authority.cert,
    ...more,
  });
  const pair = () => ({
    AGENTRUN_TEMPORAL_TLS_CERT_FILE: client.cert,
    AGENTRUN_TEMPORAL_TLS_KEY_FILE: client.key,
  });
  const startManager = async (settings: Record<string, string>, name = namespace.namespace): Promise<TestManager> => {
    const address = settings['AGENTRUN_TEMPORAL_ADDRESS'] ?? '';
    const manager = await startTestManager(settings, { temporal: { address, namespace: name } });
    closing.push(() => manager.stop());
    return manager;
  };
  /** What somebody is told who connects with those settings, and how soon. */
  const refusalOf = async (settings: Record<string, string>, name = namespace.namespace, patienceMs = 60_000) => {
    const read = readSettings(settings);
    const access = await readTemporalAccess(read);
    const link = connectTemporal({ address: read.AGENTRUN_TEMPORAL_ADDRESS ?? '', namespace: name, access });
    closing.push(() => link.close());
    const startedAt = Date.now();
    const failure = await awaitTemporal(link.client, name, patienceMs).then(
      () => undefined,
      (error: unknown) => (error as Error).message,
    );
    assert.ok(Date.now() - startedAt < SOON_MS, `it took ${Date.now() - startedAt} ms`);
    return failure;
  };

  it('is worked with by TLS, a certificate and an API key, of a namespace whose attributes others made', async () => {
    const temporal = await guarded({ clientsOf: authority, apiKey: API_KEY, refusesOperators: true });
    const bundle = [...rootCertificates, await readFile(authority.cert, 'utf8')].join('\n');
    const manager = await startManager({
      AGENTRUN_TEMPORAL_ADDRESS: temporal.address,
      AGENTRUN_TEMPORAL_TLS_CA_FILE: await file('bundle.crt', bundle),
      AGENTRUN_TEMPORAL_API_KEY_FILE: await file('api-key', `${API_KEY}\n`),
      ...pair(),
    });
    const api = new Api(manager.url, manager.operatorToken);
    const { id } = await api.createRun({ endsWithTurn: true });
    await api.addTurn(id, 'echo through');
    await api.post(`/api/v1/runs/${id}/runner-jobs`);
    const run = await eventually(
      async () => api.get(`/api/v1/runs/${id}`),
      ({ status }) => status === 'completed',
      60_000,
    );
    assert.equal(run.terminalStatus, 'completed');
    assert.ok(temporal.passed > 10);
    // The list of search attributes, and nothing else.
    assert.equal(temporal.refused, 1);
  });

  it('is told by name where its certificate says another', async () => {
    const temporal = await guarded({ certificate: await issueCertificate(folder, authority, 'temporal.internal') });
    const settings = trusting(temporal.address);
    assert.match((await refusalOf(settings)) ?? '', /its certificate is for another name/);
    await startManager({ ...settings, AGENTRUN_TEMPORAL_TLS_SERVER_NAME: 'temporal.internal' });
  });

  it('is given up at once where waiting helps nothing, and says what is wrong', async () => {
    const asksForMore = await guarded({ clientsOf: authority, apiKey: API_KEY });
    const { address } = await guarded();
    assert.match(
      (await refusalOf(trusting(address, { AGENTRUN_TEMPORAL_TLS_CA_FILE: stranger.cert }))) ?? '',
      /Temporal cannot be used: its certificate is from no authority that we trust \(AGENTRUN_TEMPORAL_TLS_CA_FILE\)/,
    );
    assert.match(
      (await refusalOf({ AGENTRUN_TEMPORAL_ADDRESS: address, AGENTRUN_TEMPORAL_TLS: 'true' })) ?? '',
      /from no authority that we trust/,
    );
    assert.match(
      (await refusalOf(trusting(asksForMore.address))) ?? '',
      /it does not take our certificate \(AGENTRUN_TEMPORAL_TLS_CERT_FILE\)/,
    );
    const wrongKey = { AGENTRUN_TEMPORAL_API_KEY_FILE: await file('wrong-key', 'another') };
    assert.match(
      (await refusalOf(trusting(asksForMore.address, { ...pair(), ...wrongKey }))) ?? '',
      /it does not take our API key or certificate \(AGENTRUN_TEMPORAL_API_KEY_FILE\)/,
    );
    assert.match(
      (await refusalOf(trusting(namespace.address.replace('127.0.0.1', 'localhost')))) ?? '',
      /it does not speak TLS \(AGENTRUN_TEMPORAL_TLS\)/,
    );
    assert.match((await refusalOf(trusting(address), 'nowhere', 0)) ?? '', /it has no namespace of that name/);
    assert.equal(await refusalOf(trusting(address)), undefined);
  });

  it('says in readiness what is wrong with a certificate that changed, and is worked with once that is mended', async () => {
    const temporal = await guarded();
    const manager = await startManager(trusting(temporal.address));
    const api = new Api(manager.url, manager.operatorToken);
    await temporal.show(await issueCertificate(folder, stranger, 'localhost'));
    const readiness = async () => api.request('GET', '/health/readiness');
    const why = (answer: Answer): string => answer.body.error?.details.temporal.message ?? '';
    const told = await eventually(readiness, (answer) => why(answer).includes('certificate'), SOON_MS);
    assert.equal(told.status, 503);
    assert.match(why(told), /^Temporal cannot be used: its certificate is from no authority that we trust/);
    await temporal.show(server);
    await eventually(readiness, ({ status }) => status === 200, 30_000);
  });

  it('is not begun with where it lacks search attributes and lets nobody make them: the error says how', async () => {
    const bare = await createTestNamespace({});
    const temporal = await guarded({ refusesOperators: true });
    await assert.rejects(startManager(trusting(temporal.address), bare.namespace), (error: Error) => {
      assert.match(error.message, /lacks search attributes and lets AgentRun make none: AgentRunRunId \(Keyword\), /);
      assert.match(
        error.message,
        new RegExp(`search-attribute create --namespace ${bare.namespace} --name AgentRunRunId --type Keyword --name `),
      );
      assert.match(error.message, /tcld namespace search-attributes add .* --search-attribute AgentRunTenant=Keyword$/);
      return true;
    });
  });

  it('needs files that hold what they should', async () => {
    const wrong = async (more: Record<string, string>, message: RegExp) => {
      const settings = readSettings(trusting('localhost:7233', more));
      await assert.rejects(readTemporalAccess(settings), { name: 'ConfigurationError', message });
    };
    const nowhere = join(folder, 'nowhere');
    const text = await file('text', 'a secret that is no certificate');
    await wrong({ AGENTRUN_TEMPORAL_TLS_CA_FILE: nowhere }, /^AGENTRUN_TEMPORAL_TLS_CA_FILE is .* \(ENOENT\)$/);
    await wrong({ AGENTRUN_TEMPORAL_TLS_CA_FILE: text }, /^AGENTRUN_TEMPORAL_TLS_CA_FILE .* a certificate \(PEM\)$/);
    await wrong({ ...pair(), AGENTRUN_TEMPORAL_TLS_KEY_FILE: text }, /^AGENTRUN_TEMPORAL_TLS_KEY_FILE .* \(PEM\)$/);
    await wrong(
      { ...pair(), AGENTRUN_TEMPORAL_TLS_KEY_FILE: server.key },
      /^AGENTRUN_TEMPORAL_TLS_KEY_FILE is not the key of the certificate/,
    );
    await wrong(
      { AGENTRUN_TEMPORAL_API_KEY_FILE: await file('empty', '\n') },
      /^AGENTRUN_TEMPORAL_API_KEY_FILE .* empty$/,
    );
  });
});
