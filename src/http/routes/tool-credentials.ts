import { Name } from '../../contract/common.js';
import { ToolCredential, ToolCredentialList, ToolCredentialWrite } from '../../contract/tool-credential.js';
import {
  deleteToolCredential,
  getToolCredential,
  listToolCredentials,
  setToolCredential,
} from '../../operations/credentials/tool-credentials.js';
import { route, type Route } from '../route.js';

const tag = 'tool credentials';
const params = { name: Name };

export const toolCredentialRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/tool-credentials',
    operationId: 'listToolCredentials',
    tag,
    summary: 'What git and agents may be lent, set or not',
    auth: 'operator',
    answer: ToolCredentialList,
    handle: async (_request, { operations }) => ({ items: await listToolCredentials(operations) }),
  }),
  route({
    method: 'GET',
    path: '/api/v1/tool-credentials/:name',
    operationId: 'getToolCredential',
    tag,
    summary: "A tool credential: its key's type and fingerprint, never the key",
    description: 'One that is not set yet answers `configured: false`.',
    auth: 'operator',
    params,
    answer: ToolCredential,
    handle: ({ params: { name } }, { operations }) => getToolCredential(operations, name),
  }),
  route({
    method: 'PUT',
    path: '/api/v1/tool-credentials/:name/credential',
    operationId: 'setToolCredential',
    tag,
    summary: 'Set the ssh key that repositories are cloned with',
    description:
      'Takes the place of what was set before, known hosts included; runners that are started from now on use it. For an operator of all tenants.',
    auth: 'operator',
    params,
    body: ToolCredentialWrite,
    bodyExample: {
      privateKey: '-----BEGIN OPENSSH PRIVATE KEY-----\n…\n-----END OPENSSH PRIVATE KEY-----\n',
      knownHosts: 'git.example.com ssh-ed25519 AAAA…\n',
    },
    answer: ToolCredential,
    handle: ({ principal, params: { name }, body }, { operations }) =>
      setToolCredential(operations, principal, name, body),
  }),
  route({
    method: 'DELETE',
    path: '/api/v1/tool-credentials/:name',
    operationId: 'deleteToolCredential',
    tag,
    summary: 'Forget a tool credential',
    description: 'Runners that have it keep it until their attempt ends. For an operator of all tenants.',
    auth: 'operator',
    params,
    answer: ToolCredential,
    handle: ({ principal, params: { name } }, { operations }) => deleteToolCredential(operations, principal, name),
  }),
];
