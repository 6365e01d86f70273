/** What an agent may change, from the least on. */
export const SANDBOXES = ['read-only', 'workspace-write', 'full-access'] as const;

/** Whether an agent may stop to ask for more. */
export const APPROVALS = ['never', 'on-request'] as const;
