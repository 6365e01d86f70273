type Payload = Readonly<Record<string, unknown>>;

/** A phase that is told otherwise, or by the next one, has none. */
const WORDS: Readonly<Record<string, (payload: Payload) => string>> = {
  'runner-claim-accepted': ({ runnerId, attempt }) => `${said(runnerId)} took the run, attempt ${said(attempt)}`,
  'workspace/preparing': ({ kind }) => (kind === 'none' ? '' : `preparing the workspace: ${said(kind)}`),
  'thread/started': () => 'the agent is ready',
  'thread/resumed': ({ threadId }) => `the agent goes on with thread ${said(threadId)}`,
  'turn/started': () => '',
  'turn/again': ({ message }) => said(message),
  'turn/interrupt:requested': () => 'interrupting the turn',
  'turn/interrupt:done': () => 'the turn was interrupted',
  'turn-cancelled': () => 'the turn was cancelled',
  'cancel-requested': () => 'a cancel was asked for',
  'needs-input': ({ message }) => said(message),
  'storage-over-quota': ({ message }) => said(message),
  'steer-delivered': () => 'the steer was delivered into the turn',
  'attempt-lost': ({ message, willRetry }) => `${said(message)}${willRetry === true ? '; it is tried again' : ''}`,
};

/** What a run goes through, from the payload of a `backend_status`, in words; empty for what nobody need see. */
export function phaseWords(payload: Payload): string {
  const phase = said(payload['phase']);
  if (Object.hasOwn(WORDS, phase)) return WORDS[phase]?.(payload) ?? '';
  return [phase, said(payload['message'])].filter(Boolean).join(': ');
}

/** A field of a payload where it is words or a number; empty otherwise. */
export function said(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
