import type { ToolCredential, ToolCredentialWrite } from '../../contract/tool-credential.js';
import { AgentRunError, forbidden, missing } from '../../domain/errors.js';
import { GITHUB_KNOWN_HOSTS } from '../../domain/github-host-keys.js';
import type { Principal } from '../../domain/principal.js';
import type { SecretRef } from '../../domain/secrets.js';
import { TOOL_CREDENTIALS, type ToolCredentialName } from '../../domain/tool-credentials.js';
import type { SecretBundle } from '../../ports/secret-store.js';
import type { OperationContext } from '../context.js';
import { readKnownHosts } from './known-hosts.js';
import { readSshPrivateKey } from './ssh-private-key.js';

type Context = Pick<OperationContext, 'secrets'>;

/** All that there can be, set or not. */
export async function listToolCredentials(context: Context): Promise<ToolCredential[]> {
  return Promise.all(TOOL_CREDENTIALS.map((name) => read(context, name)));
}

/** @throws missing for a name that is none. */
export async function getToolCredential(context: Context, name: string): Promise<ToolCredential> {
  return read(context, known(name));
}

/**
 * Puts key and known hosts in the place of those before.
 * @throws missing; forbidden; schema-invalid for a key or known hosts that could not be used. Then nothing is replaced.
 */
export async function setToolCredential(
  context: Context,
  principal: Principal,
  name: string,
  body: ToolCredentialWrite,
): Promise<ToolCredential> {
  const ref = refOf(known(name));
  assertMayWrite(principal);
  const privateKey = readSshPrivateKey(body.privateKey).text;
  const given = body.knownHosts ?? undefined;
  const knownHosts = given === undefined ? null : readKnownHosts(given).text;
  return describe(known(name), await context.secrets.merge(ref, { privateKey, knownHosts }));
}

/** Answers the credential as it is afterwards: not set. @throws missing; forbidden. */
export async function deleteToolCredential(
  context: Context,
  principal: Principal,
  name: string,
): Promise<ToolCredential> {
  const ref = refOf(known(name));
  assertMayWrite(principal);
  await context.secrets.delete(ref);
  return describe(known(name), undefined);
}

async function read({ secrets }: Context, name: ToolCredentialName): Promise<ToolCredential> {
  return describe(name, await secrets.read(refOf(name)));
}

function describe(name: ToolCredentialName, bundle: SecretBundle | undefined): ToolCredential {
  const privateKey = bundle?.fields['privateKey'];
  if (bundle === undefined || privateKey === undefined) return { ...NOT_SET, name };
  const given = bundle.fields['knownHosts'];
  const updatedAt = new Date(bundle.updatedAtMs).toISOString();
  const set = { ...NOT_SET, name, configured: true, updatedAt } as const;
  try {
    return {
      ...set,
      ...readSshPrivateKey(privateKey).facts,
      knownHostsCount: readKnownHosts(given ?? GITHUB_KNOWN_HOSTS).count,
      knownHostsSource: given === undefined ? 'github.com' : 'given',
    };
  } catch (error) {
    // What was put into the store by other hands.
    if (!(error instanceof AgentRunError)) throw error;
    return { ...set, reason: error.message };
  }
}

const NOT_SET: Omit<ToolCredential, 'name'> = {
  kind: 'ssh-key',
  configured: false,
  type: null,
  bits: null,
  curve: null,
  fingerprint: null,
  comment: null,
  knownHostsCount: 0,
  knownHostsSource: null,
  reason: null,
  updatedAt: null,
  valuesPrinted: false,
};

function known(name: string): ToolCredentialName {
  const found = TOOL_CREDENTIALS.find((one) => one === name);
  if (found === undefined) throw missing('toolCredential', name);
  return found;
}

function refOf(name: ToolCredentialName): SecretRef {
  return { kind: 'tool-credential', name };
}

/** One credential serves the runs of every tenant. */
function assertMayWrite(principal: Principal): void {
  if (principal.kind === 'operator' && principal.tenants === 'all') return;
  throw forbidden('tool credentials are of the whole installation: only an operator of all tenants may change them');
}
