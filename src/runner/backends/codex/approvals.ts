import type { ExecutionPolicy } from '../../../contract/run.js';
import { cut } from '../../text.js';
import type { ServerAnswer } from './app-server.js';
import type { ServerRequest } from './protocol.js';

/** What somebody would have to decide before the agent goes on. */
export interface NeedsInput {
  readonly summary: string;
  readonly message: string;
  readonly toolName: string;
  readonly itemId: string | null;
  readonly command: string | null;
  readonly reason: string | null;
}

export interface Reaction {
  readonly answer: ServerAnswer;
  /** Nobody is there to decide: under `never` it was declined, under `on-request` the turn ends with it. */
  readonly needsInput?: NeedsInput;
}

type Params = ServerRequest['params'];
type Rule = (params: Params, never: boolean) => Reaction;

const SUMMARY_LENGTH = 180;
const METHOD_NOT_FOUND = -32601;

/** Each has an answer at once: what is not answered makes the turn hang. */
const RULES: Readonly<Record<string, Rule>> = {
  'item/commandExecution/requestApproval': (params, never) => ({
    answer: decision(never ? 'decline' : 'cancel'),
    needsInput: commandInput(params, textIn(params, 'command') ?? 'a command'),
  }),
  'item/fileChange/requestApproval': (params, never) => ({
    answer: decision(never ? 'decline' : 'cancel'),
    needsInput: input(params, 'apply_patch', 'to change files', textIn(params, 'reason')),
  }),
  'item/permissions/requestApproval': (params) => ({
    answer: { result: { permissions: {}, scope: 'turn' } },
    needsInput: input(params, 'permissions', 'to have more permissions', textIn(params, 'reason')),
  }),
  'item/tool/requestUserInput': (params) => ({
    answer: { result: { answers: {} } },
    needsInput: questionInput(params),
  }),
  'mcpServer/elicitation/request': (params) => ({
    answer: { result: { action: 'decline', content: null, _meta: null } },
    needsInput: { ...question(params, textIn(params, 'message')), toolName: textIn(params, 'serverName') ?? 'mcp' },
  }),
  // The two of an earlier protocol, for whichever part of codex still uses them.
  execCommandApproval: (params, never) => ({
    answer: decision(never ? { denied: { rejection: 'declined' } } : 'abort'),
    needsInput: commandInput(params, ((params['command'] as string[] | undefined) ?? []).join(' ')),
  }),
  applyPatchApproval: (params, never) => ({
    answer: decision(never ? { denied: { rejection: 'declined' } } : 'abort'),
    needsInput: input(params, 'apply_patch', 'to change files', textIn(params, 'reason')),
  }),
  'item/tool/call': (params) => {
    const text = `there is no tool ${textIn(params, 'tool') ?? ''} here`;
    return { answer: { result: { contentItems: [{ type: 'inputText', text }], success: false } } };
  },
  'currentTime/read': () => ({ answer: { result: { currentTimeAt: Math.floor(Date.now() / 1_000) } } }),
};

/** How a request of codex's is answered when nobody is there to ask. */
export function reactionTo({ method, params }: ServerRequest, approval: ExecutionPolicy['approval']): Reaction {
  const rule = Object.hasOwn(RULES, method) ? RULES[method] : undefined;
  if (rule) return rule(params, approval === 'never');
  return { answer: { error: { code: METHOD_NOT_FOUND, message: `${method} is not answered here` } } };
}

function decision(word: unknown): ServerAnswer {
  return { result: { decision: word } };
}

function commandInput(params: Params, command: string): NeedsInput {
  const about = input(params, 'shell', `to run: ${command}`, textIn(params, 'reason'));
  return { ...about, command, summary: cut(command, SUMMARY_LENGTH) };
}

function input(params: Params, toolName: string, what: string, reason: string | null): NeedsInput {
  const message = `the agent asks for approval ${what}${reason ? ` (${reason})` : ''}`;
  const itemId = textIn(params, 'itemId') ?? textIn(params, 'callId');
  return { summary: cut(message, SUMMARY_LENGTH), message, toolName, itemId, command: null, reason };
}

function questionInput(params: Params): NeedsInput {
  const questions = (params['questions'] as { question?: string }[] | undefined) ?? [];
  return question(params, questions.map((one) => one.question ?? '').join(' '));
}

function question(params: Params, text: string | null): NeedsInput {
  const message = `the agent asks: ${text ?? ''}`;
  const about = { itemId: textIn(params, 'itemId'), command: null, reason: null };
  return { summary: cut(message, SUMMARY_LENGTH), message, toolName: 'request_user_input', ...about };
}

function textIn(params: Params, name: string): string | null {
  const value = params[name];
  return typeof value === 'string' && value !== '' ? value : null;
}
