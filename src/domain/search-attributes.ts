/**
 * Temporal search attributes that make a run findable in the Temporal UI, with their types.
 * A server must know them before a workflow sets them: an unknown one fails the workflow task.
 */
export const SEARCH_ATTRIBUTES = {
  AgentRunRunId: 'Keyword',
  AgentRunSessionId: 'Keyword',
  AgentRunTaskId: 'Keyword',
  AgentRunQueue: 'Keyword',
  AgentRunStatus: 'Keyword',
  AgentRunPhase: 'Keyword',
  AgentRunBackend: 'Keyword',
  AgentRunTenant: 'Keyword',
} as const;

export type SearchAttributeName = keyof typeof SEARCH_ATTRIBUTES;
