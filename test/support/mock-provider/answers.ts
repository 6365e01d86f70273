import { randomUUID } from 'node:crypto';
import type { Reply } from './reply.js';
import type { ResponseStream } from './response-stream.js';
import type { Item, ReceivedRequest, TokenUsage } from './wire.js';

/** A part of an answer; some have to look at the request, as for the tools that the agent offers. */
type Part = (stream: ResponseStream) => void;

export interface PlanStep {
  readonly step: string;
  readonly status: 'pending' | 'in_progress' | 'completed';
}

/** A complete answer of these parts, in this order. After a tool call the agent asks again, with the tool's output. */
export function answer(parts: readonly Part[], usage: Partial<TokenUsage> = {}): Reply {
  return (stream) => {
    stream.begin();
    for (const part of parts) part(stream);
    stream.complete(usage);
  };
}

/** The model says this and ends its turn. */
export function text(said: string, usage: Partial<TokenUsage> = {}): Reply {
  return answer([message(said)], usage);
}

export function message(said: string): Part {
  return (stream) => {
    const item = messageItem(said);
    const index = stream.openItem({ ...item, content: [] });
    stream.event('response.output_text.delta', {
      item_id: item['id'],
      output_index: index,
      content_index: 0,
      delta: said,
    });
    stream.closeItem(index, item);
  };
}

export function messageItem(said: string): Item {
  const content = [{ type: 'output_text', text: said, annotations: [] }];
  return { type: 'message', id: `msg_${randomUUID()}`, role: 'assistant', status: 'completed', content };
}

/** What the model tells of its thoughts before it goes on. */
export function reasoning(summary: string): Part {
  return (stream) => {
    const item = { type: 'reasoning', id: `rs_${randomUUID()}`, encrypted_content: 'sealed' };
    const index = stream.openItem({ ...item, summary: [] });
    const at = { item_id: item.id, output_index: index, summary_index: 0 };
    stream.event('response.reasoning_summary_part.added', at);
    stream.event('response.reasoning_summary_text.delta', { ...at, delta: summary });
    stream.closeItem(index, { ...item, summary: [{ type: 'summary_text', text: summary }] });
  };
}

/**
 * The model runs a shell command. The agent waits up to `waitMs` for it (its least is 250) and then answers the model with
 * what there is so far; the command goes on.
 */
export function shellCall(command: string, waitMs = 10_000): Part {
  return (stream) => {
    assertOffered(stream.request, 'exec_command');
    // No login shell: what a user's profile prints is no part of a test.
    stream.item(functionCall('exec_command', { cmd: command, yield_time_ms: waitMs, login: false }));
  };
}

/**
 * The model edits files: a text from `*** Begin Patch` to `*** End Patch`. Agents offer the tool for it with the models they
 * know only; for others it is a shell command that they recognize.
 */
export function patchCall(patch: string): Part {
  return (stream) => {
    if (!offers(stream.request, 'apply_patch')) {
      shellCall(`apply_patch <<'PATCH'\n${patch}\nPATCH\n`)(stream);
      return;
    }
    const call = { call_id: `call_${randomUUID()}`, name: 'apply_patch', input: patch };
    stream.item({ type: 'custom_tool_call', id: `ctc_${randomUUID()}`, status: 'completed', ...call });
  };
}

/** The model writes down its plan. The agent must be configured with `tools.update_plan.enabled`. */
export function planCall(plan: readonly PlanStep[], explanation?: string): Part {
  return (stream) => {
    assertOffered(stream.request, 'update_plan');
    stream.item(functionCall('update_plan', { plan, ...(explanation !== undefined && { explanation }) }));
  };
}

function functionCall(name: string, parameters: Record<string, unknown>): Item {
  const call = { call_id: `call_${randomUUID()}`, name, arguments: JSON.stringify(parameters) };
  return { type: 'function_call', id: `fc_${randomUUID()}`, status: 'completed', ...call };
}

function offers({ body }: ReceivedRequest, tool: string): boolean {
  return body.tools.some(({ name }) => name === tool);
}

function assertOffered(request: ReceivedRequest, tool: string): void {
  if (offers(request, tool)) return;
  const offered = request.body.tools.map(({ name, type }) => name ?? type).join(', ');
  throw new Error(`the agent offers no tool ${tool}; it has ${offered}`);
}
