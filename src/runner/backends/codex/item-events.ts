import type { AgentEvent } from '../backend.js';
import { cut } from '../../text.js';
import type { FileChange, ThreadItem } from './protocol.js';

/** Codex's items in the words of our events, without what all events of a turn carry. Pure. */

type Payload = Record<string, unknown>;

interface ToolFacts extends Payload {
  readonly toolName: string;
  readonly summary: string | undefined;
}

const SUMMARY_LENGTH = 180;
const STATUS: Readonly<Record<string, string>> = { inProgress: 'running' };
const CHANGE: Readonly<Record<string, string>> = { add: 'add', delete: 'delete', update: 'update' };

/** What to tell when an item begins. */
export function eventsAtStart(item: ThreadItem): AgentEvent[] {
  const call = toolCall(item);
  return call ? [{ type: 'tool_call', payload: { status: 'running', ...call } }] : [];
}

/** What to tell when an item is complete. */
export function eventsAtEnd(item: ThreadItem): AgentEvent[] {
  switch (item.type) {
    case 'agentMessage':
      return whole('assistant_message', item, item.text, item.phase ? { messagePhase: item.phase } : {});
    case 'reasoning':
      return whole('reasoning', item, reasoningText(item));
    case 'plan':
      return whole('plan', item, item.text);
    case 'functionCallOutput':
      return whole('tool_output', item, contentText(item.output), { toolName: item.name });
    case 'contextCompaction':
      return [{ type: 'backend_status', payload: { phase: 'context/compacted', itemId: item.id } }];
    default:
      return [...toolOutput(item), ...toolEnd(item)];
  }
}

/** The text of a message of the user's. */
export function userText(item: ThreadItem): string {
  return contentText(item.content);
}

function toolEnd(item: ThreadItem): AgentEvent[] {
  const call = toolCall(item);
  if (!call) return [];
  const { exitCode, durationMs, error } = item;
  const facts = {
    ...(exitCode === undefined || exitCode === null ? {} : { exitCode }),
    ...(durationMs === undefined || durationMs === null ? {} : { durationMs }),
    ...(error?.message ? { message: error.message } : {}),
  };
  return [{ type: 'tool_call', payload: { status: 'completed', ...call, ...facts } }];
}

/** Undefined for what is no call of a tool. */
function toolCall(item: ThreadItem): Payload | undefined {
  const about = TOOLS[item.type]?.(item);
  if (!about) return undefined;
  const { status } = item;
  return {
    ...about,
    summary: cut(about.summary ?? '', SUMMARY_LENGTH),
    itemId: item.id,
    ...(status === undefined ? {} : { status: STATUS[status] ?? status }),
  };
}

const TOOLS: Readonly<Record<string, (item: ThreadItem) => ToolFacts>> = {
  commandExecution: (item) => ({
    toolName: 'shell',
    summary: commandSummary(item),
    command: item.command,
    cwd: item.cwd,
  }),
  fileChange: ({ changes = [] }) => ({
    toolName: 'apply_patch',
    summary: changes.map((change) => `${CHANGE[change.kind.type] ?? 'change'} ${change.path}`).join(', '),
    changes: changes.map(changeFacts),
  }),
  mcpToolCall: (item) => ({ toolName: `${item.server}.${item.tool}`, summary: json(item.arguments) }),
  dynamicToolCall: (item) => ({ toolName: namespaced(item), summary: json(item.arguments) }),
  collabAgentToolCall: (item) => ({ toolName: `agent.${item.tool}`, summary: item.tool }),
  webSearch: (item) => ({ toolName: 'web_search', summary: item.query }),
  imageView: (item) => ({ toolName: 'view_image', summary: item.path }),
  imageGeneration: () => ({ toolName: 'image_generation', summary: 'an image' }),
  sleep: (item) => ({ toolName: 'sleep', summary: `${item.durationMs} ms` }),
};

function toolOutput(item: ThreadItem): AgentEvent[] {
  if (item.type === 'mcpToolCall') {
    const { result } = item;
    const text = contentText(typeof result === 'string' ? result : result?.content);
    return whole('tool_output', item, text, { toolName: `${item.server}.${item.tool}` });
  }
  if (item.type !== 'dynamicToolCall') return [];
  return whole('tool_output', item, contentText(item.contentItems), { toolName: namespaced(item) });
}

function whole(type: AgentEvent['type'], item: ThreadItem, text: string | undefined, more: Payload = {}): AgentEvent[] {
  if (!text) return [];
  const { status = 'completed' } = item;
  return [{ type, payload: { text, itemId: item.id, status, ...more } }];
}

/** What the model asked for, without the shell that it is wrapped in. */
function commandSummary({ command = '', commandActions = [] }: ThreadItem): string {
  const [only, ...others] = commandActions;
  return (others.length === 0 && only?.command) || command;
}

function changeFacts({ path, kind }: FileChange): Payload {
  const moved = kind.move_path ? { movePath: kind.move_path } : {};
  return { path, kind: CHANGE[kind.type] ?? kind.type, ...moved };
}

function reasoningText({ summary = [], content = [] }: ThreadItem): string {
  return (summary.length > 0 ? summary : content).join('\n\n');
}

function namespaced({ namespace, tool = '' }: ThreadItem): string {
  return namespace ? `${namespace}.${tool}` : tool;
}

/** Parts of content as text; parts that are none are named. */
function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map(partText).join('\n');
}

function partText(part: unknown): string {
  if (typeof part !== 'object' || part === null) return String(part);
  const { text, type } = part as { text?: unknown; type?: unknown };
  return typeof text === 'string' ? text : `[${String(type)}]`;
}

function json(value: unknown): string {
  return value === undefined || value === null ? '' : JSON.stringify(value);
}
