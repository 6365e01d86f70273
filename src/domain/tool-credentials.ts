import type { SecretRef } from './secrets.js';
import { isSshUrl } from './ssh-url.js';

/** What git and agents may be lent besides a model's credential; each is one bundle for the whole installation. */
export const TOOL_CREDENTIALS = ['github-ssh'] as const;
export type ToolCredentialName = (typeof TOOL_CREDENTIALS)[number];

/** The fields of `github-ssh`: `privateKey`, and `knownHosts` where GitHub's own are not enough. */
export const GITHUB_SSH = { kind: 'tool-credential', name: 'github-ssh' } as const satisfies SecretRef;

/** What of a run says which tool credentials it needs. */
export interface ToolCredentialUse {
  readonly workspaceRef: { readonly kind: string; readonly repoUrl?: string };
  readonly executionPolicy: { readonly secretScope?: { readonly toolCredentials?: readonly string[] } };
}

/** Whether the run's policy lends this credential to its agent. Without that only the runner itself uses it. */
export function isLentToAgent({ executionPolicy }: Pick<ToolCredentialUse, 'executionPolicy'>, name: string): boolean {
  const named: unknown = executionPolicy.secretScope?.toolCredentials;
  // Records of before the field had a form may hold anything.
  return Array.isArray(named) && named.includes(name);
}

/** What a runner of this run is handed: the least that its workspace and its policy need. */
export function toolCredentialRefs(run: ToolCredentialUse): SecretRef[] {
  const { kind, repoUrl } = run.workspaceRef;
  const clonesBySsh = kind === 'git' && isSshUrl(repoUrl ?? '');
  return clonesBySsh || isLentToAgent(run, GITHUB_SSH.name) ? [GITHUB_SSH] : [];
}
