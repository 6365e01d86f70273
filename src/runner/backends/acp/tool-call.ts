import type { ToolCallContent, ToolCallUpdate } from '@agentclientprotocol/sdk';
import type { AgentEvent } from '../backend.js';
import { cut } from '../../text.js';
import { diffSummary } from '../diff-summary.js';
import { contentText } from './content.js';
import { unifiedDiff } from './unified-diff.js';

type Payload = Record<string, unknown>;

const SUMMARY_LENGTH = 180;
const RAW_LENGTH = 8_000;
/** As much is kept of what a call printed, to know it again in its result. */
const PRINTED_LENGTH = 256 * 1024;
const OVER = ['completed', 'failed'];

/** One call of a tool, from what its agent tells of it bit by bit: each field that is told again replaces what it was. */
export class ToolCallStory {
  #call: ToolCallUpdate;
  /** The beginning of it, and the length of all. */
  #printed = '';
  #printedLength = 0;
  #told = '';
  #exitCode: number | null = null;

  constructor(
    call: ToolCallUpdate,
    private readonly workspaceDir: string,
  ) {
    this.#call = call;
  }

  get isOver(): boolean {
    return OVER.includes(this.#call.status ?? '');
  }

  take(update: ToolCallUpdate): AgentEvent[] {
    const told = Object.entries(update).filter(([, value]) => value !== null && value !== undefined);
    this.#call = { ...this.#call, ...Object.fromEntries(told) };
    const printed = this.#output(update);
    if (!this.isOver) return [...this.#running(), ...printed];
    const events = [...this.#running(), ...printed, ...this.#end()];
    this.#forget();
    return events;
  }

  /** A turn has any number of calls, and their contents any length: of one that is over, only what names it is kept. */
  #forget(): void {
    const { toolCallId, status, name, kind, title, rawInput } = this.#call;
    const command = commandOf(rawInput);
    this.#call = {
      toolCallId,
      status,
      name,
      kind,
      title: cut(title ?? command ?? '', SUMMARY_LENGTH),
      ...(command !== null && command.length <= RAW_LENGTH && { rawInput: { command } }),
    };
    this.#printed = '';
    this.#told = 'over';
  }

  /** The turn is over and its call is not. */
  cancelled(): AgentEvent[] {
    return [{ type: 'tool_call', payload: { ...this.#facts(), status: 'cancelled' } }];
  }

  /** Told again where what it does is told otherwise than before. */
  #running(): AgentEvent[] {
    const payload = { ...this.#facts(), status: 'running' };
    const words = JSON.stringify(payload);
    if (words === this.#told || (this.isOver && this.#told !== '')) return [];
    this.#told = words;
    return [{ type: 'tool_call', payload }];
  }

  /** What a command prints reaches clients without a terminal in fields that agents agreed on beside the protocol. */
  #output({ _meta: meta }: ToolCallUpdate): AgentEvent[] {
    const exit = meta?.['terminal_exit'] as { exit_code?: unknown } | undefined;
    if (typeof exit?.exit_code === 'number') this.#exitCode = exit.exit_code;
    const pieces = ['terminal_output', 'terminal_output_delta'].map(
      (name) => (meta?.[name] as { data?: unknown } | undefined)?.data,
    );
    const text = pieces.filter((piece) => typeof piece === 'string').join('');
    if (text === '') return [];
    if (this.#printed.length < PRINTED_LENGTH) this.#printed = (this.#printed + text).slice(0, PRINTED_LENGTH);
    this.#printedLength += text.length;
    return [{ type: 'command_output', payload: { text, itemId: this.#call.toolCallId }, flowing: true }];
  }

  #end(): AgentEvent[] {
    const { status, content, toolCallId: itemId } = this.#call;
    const diff = status === 'completed' ? diffOf(content ?? [], this.workspaceDir) : '';
    const text = this.#result();
    const facts = this.#facts();
    const exitCode = this.#exitCode === null ? {} : { exitCode: this.#exitCode };
    return [
      ...(text === ''
        ? []
        : [{ type: 'tool_output' as const, payload: { text, itemId, toolName: facts['toolName'], status } }]),
      { type: 'tool_call', payload: { ...facts, ...exitCode, status } },
      ...(diff === '' ? [] : [{ type: 'diff' as const, payload: { diff, summary: diffSummary(diff), itemId } }]),
    ];
  }

  /** What came of it: its content as text, else the tool's own answer; what was printed already is not told again. */
  #result(): string {
    const { content, rawOutput } = this.#call;
    const text = (content ?? []).map((part) => (part.type === 'content' ? contentText(part.content) : '')).join('');
    if (text !== '') return this.#wasPrinted(text) ? '' : text;
    if (this.#printedLength > 0 || rawOutput === undefined || rawOutput === null) return '';
    return typeof rawOutput === 'string' ? rawOutput : cut(JSON.stringify(rawOutput), RAW_LENGTH);
  }

  #wasPrinted(text: string): boolean {
    return text.length === this.#printedLength && text.startsWith(this.#printed);
  }

  #facts(): Payload {
    const { toolCallId, name, kind, title, rawInput, locations } = this.#call;
    const command = commandOf(rawInput);
    const where = locationsOf(locations);
    return {
      toolName: name ?? kind ?? 'tool',
      summary: cut(title ?? command ?? '', SUMMARY_LENGTH),
      itemId: toolCallId,
      ...(kind ? { kind } : {}),
      ...(command === null ? {} : { command }),
      ...(where.length === 0 ? {} : { locations: where }),
    };
  }
}

/** The command line in what a tool was called with, where it is one that runs commands. */
export function commandOf(rawInput: unknown): string | null {
  const command = (rawInput as { command?: unknown } | null | undefined)?.command;
  if (typeof command === 'string') return command;
  return Array.isArray(command) && command.every((word) => typeof word === 'string') ? command.join(' ') : null;
}

export function locationsOf(locations: ToolCallUpdate['locations']): readonly Payload[] {
  return (locations ?? []).map(({ path, line }) => ({
    path,
    ...(line === undefined || line === null ? {} : { line }),
  }));
}

function diffOf(content: readonly ToolCallContent[], workspaceDir: string): string {
  return content.map((part) => (part.type === 'diff' ? unifiedDiff(part, workspaceDir) : '')).join('');
}
