import type { Notification } from './protocol.js';

interface Notice {
  readonly phase: string;
  readonly message: string;
}

/** True in every installation, and no news to anybody. */
const KNOWN = /bundled bubblewrap/;

/** What codex has to say beside its turns, as the payload of a `backend_status`. Undefined for what nobody needs. */
export function noticeOf({ method, params }: Notification): Notice | undefined {
  const message = wordsOf(method, params);
  return message === undefined || KNOWN.test(message) ? undefined : { phase: 'warning', message };
}

function wordsOf(method: string, params: Notification['params']): string | undefined {
  switch (method) {
    case 'warning':
    case 'guardianWarning':
      return String(params['message']);
    case 'configWarning':
    case 'deprecationNotice': {
      const { summary, details } = params;
      return typeof details === 'string' ? `${String(summary)}: ${details}` : String(summary);
    }
    case 'mcpServer/startupStatus/updated': {
      const { name, status, error } = params;
      return status === 'failed' ? `the MCP server ${String(name)} did not start: ${String(error)}` : undefined;
    }
    default:
      return undefined;
  }
}
