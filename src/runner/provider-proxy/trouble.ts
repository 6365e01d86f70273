/** What the runner itself saw go wrong between the agent and its model provider. */
export type ProviderTrouble =
  /** It answered, with a refusal or a redirect. */
  | { readonly kind: 'status'; readonly status: number }
  /** There was no connection: refused, no such host, no route. `code` is the system's word. */
  | { readonly kind: 'unreachable'; readonly code: string }
  /** It took the request and sent nothing for so long. */
  | { readonly kind: 'no-headers'; readonly waitedMs: number }
  /** Its answer broke off. */
  | { readonly kind: 'cut' }
  /** Its answer stood still until the agent gave up waiting. */
  | { readonly kind: 'stalled' };

/** In words for people. */
export function describeTrouble(trouble: ProviderTrouble, host: string): string {
  switch (trouble.kind) {
    case 'status': {
      const isRedirect = trouble.status < 400;
      const advice = isRedirect
        ? ', which leads elsewhere and is not followed: set its base_url to where it leads'
        : '';
      return `the model provider ${host} answered ${trouble.status}${advice}`;
    }
    case 'unreachable':
      return `the model provider ${host} cannot be reached (${trouble.code})`;
    case 'no-headers':
      return `the model provider ${host} took the request and did not answer within ${trouble.waitedMs} ms`;
    case 'cut':
      return `the stream from the model provider ${host} broke off`;
    case 'stalled':
      return `the stream from the model provider ${host} stood still`;
  }
}
