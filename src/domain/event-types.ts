/** What an agent's work is told in. `backend_status` is the default type of an appended event. */
export const EVENT_TYPES = [
  'user_message',
  'assistant_message',
  'reasoning',
  'tool_call',
  'tool_output',
  'command_output',
  'diff',
  'plan',
  'token_usage',
  'backend_status',
  'error',
  'terminal_status',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** Limits of an append, in events and UTF-8 bytes of a payload's JSON. */
export const EVENT_LIMITS = { batch: 500, payloadBytes: 256 * 1024 } as const;
