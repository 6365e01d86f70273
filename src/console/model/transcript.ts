import type { EventRecord } from '../../client/index.js';
import { diffFiles } from './diff-files.js';
import { said } from '../../domain/phase-words.js';
import { isAttentionPhase, phaseWords } from './phase-words.js';
import type { RowPlace, ToolRow, ToolTranscriptRow, TranscriptRow } from './transcript-rows.js';

/** Of a tool's output so much is held; the end matters most. */
const OUTPUT_HELD = 400_000;

type Payload = EventRecord['payload'];

/**
 * Events as rows: what comes in pieces is one row, a tool's output is in its call's. Events come in order; rows that change are made
 * anew, so that a row which is the same object looks the same.
 */
export class Transcript {
  readonly rows: TranscriptRow[] = [];
  /** Rows that may go on, by run and item. */
  readonly #open = new Map<string, number>();
  readonly #knownDiffs = new Map<string, string>();
  #runId: string | undefined;
  #prompt = '';
  #lastUserCommandIds = new Set<string>();

  append(events: readonly EventRecord[]): void {
    for (const event of events) {
      if (event.runId !== this.#runId) this.#beginRun(event);
      this.#take(event);
    }
  }

  #beginRun(event: EventRecord): void {
    this.#runId = event.runId;
    this.#prompt = '';
    this.rows.push({ ...placeOf(event), key: `${event.runId}:run`, kind: 'run' });
  }

  #take(event: EventRecord): void {
    const { payload } = event;
    switch (event.type) {
      case 'user_message':
        return this.#user(event);
      case 'assistant_message':
      case 'reasoning':
        return this.#speak(event, event.type === 'reasoning' ? 'reasoning' : 'assistant');
      case 'tool_call':
        return this.#toolCall(event);
      case 'tool_output':
      case 'command_output':
        return this.#output(event);
      case 'diff':
        return this.#diff(event);
      case 'plan':
        return this.#plan(event);
      case 'error':
        this.rows.push({
          ...placeOf(event),
          kind: 'error',
          text: textOf(payload, 'message', 'text'),
          willRetry: payload['willRetry'] === true,
        });
        return;
      case 'backend_status':
        return this.#phase(event);
      case 'terminal_status':
        return this.#end(event);
      case 'token_usage':
        return;
    }
  }

  #user(event: EventRecord): void {
    const text = textOf(event.payload, 'text');
    const place = placeOf(event);
    const isSteer = event.payload['isSteer'] === true || event.payload['commandType'] === 'steer';
    if (place.commandId !== null) this.#lastUserCommandIds.add(place.commandId);
    this.#prompt = text;
    this.rows.push({ ...place, kind: 'user', text, isSteer });
  }

  #speak(event: EventRecord, kind: 'assistant' | 'reasoning'): void {
    const { payload } = event;
    const text = textOf(payload, 'text', 'summary');
    const isOpen = payload['status'] === 'in_progress';
    const item = `${event.runId}/${kind}/${said(payload['itemId'])}`;
    const index = said(payload['itemId']) === '' ? undefined : this.#open.get(item);
    const before = index === undefined ? undefined : this.rows[index];
    if (index !== undefined && before?.kind === kind) {
      this.rows[index] = { ...before, text: isOpen ? before.text + text : text, isOpen, lastSeq: event.seq };
    } else if (text !== '') {
      this.#open.set(item, this.rows.push({ ...placeOf(event), kind, text, isOpen }) - 1);
    }
    if (!isOpen) this.#open.delete(item);
  }

  #toolCall(event: EventRecord): void {
    const { payload } = event;
    const item = this.#itemOf(event);
    const facts = {
      toolName: said(payload['toolName']) || 'tool',
      status: toolStatus(payload),
      exitCode: numberOf(payload['exitCode']),
      durationMs: numberOf(payload['durationMs']),
    };
    const index = this.#open.get(item);
    const before = index === undefined ? undefined : this.rows[index];
    if (index !== undefined && before?.kind === 'tool') {
      this.rows[index] = { ...before, ...facts, target: this.#target(payload) || before.target, lastSeq: event.seq };
      return;
    }
    const target = this.#target(payload);
    const isPrompt = target !== '' && this.#prompt.trim().startsWith(target.replace(/…$/, '').trim());
    const row: ToolTranscriptRow = {
      ...placeOf(event),
      kind: 'tool',
      ...facts,
      target,
      output: '',
      outputCut: 0,
      isPrompt,
    };
    this.#open.set(item, this.rows.push(row) - 1);
  }

  #target(payload: Payload): string {
    return textOf(payload, 'summary', 'text', 'command');
  }

  #output(event: EventRecord): void {
    const text = textOf(event.payload, 'text');
    const item = this.#itemOf(event);
    const index = this.#open.get(item) ?? this.#openTool(event, item);
    const row = this.rows[index];
    if (row?.kind !== 'tool') return;
    // A part with offset 0 belongs before what is there already.
    const whole = event.payload['offset'] === 0 ? text + row.output : row.output + text;
    const output = whole.length > OUTPUT_HELD * 1.25 ? whole.slice(-OUTPUT_HELD) : whole;
    this.rows[index] = { ...row, output, outputCut: row.outputCut + whole.length - output.length, lastSeq: event.seq };
  }

  /** Output of a call that was not told of, or is further back than what was loaded. */
  #openTool(event: EventRecord, item: string): number {
    const row: ToolTranscriptRow = {
      ...placeOf(event),
      kind: 'tool',
      toolName: said(event.payload['toolName']) || 'output',
      status: 'completed',
      target: '',
      exitCode: null,
      durationMs: null,
      output: '',
      outputCut: 0,
      isPrompt: false,
    };
    const index = this.rows.push(row) - 1;
    this.#open.set(item, index);
    return index;
  }

  #diff(event: EventRecord): void {
    const files = diffFiles(textOf(event.payload, 'diff', 'text'));
    // A turn's diff is told whole each time it grows: only what is new in it is shown again.
    const fresh = files.filter(({ path, source }) => this.#knownDiffs.get(path) !== source);
    for (const { path, source } of files) this.#knownDiffs.set(path, source);
    if (fresh.length === 0) return;
    this.#supersede(new Set(fresh.map(({ path }) => path)));
    this.rows.push({ ...placeOf(event), kind: 'diff', files: fresh, isSuperseded: false });
  }

  /** Marks earlier diffs of the same files: there is a newer one, further down. */
  #supersede(paths: ReadonlySet<string>): void {
    this.rows.forEach((row, index) => {
      if (row.kind !== 'diff' || row.isSuperseded || !row.files.some(({ path }) => paths.has(path))) return;
      this.rows[index] = { ...row, isSuperseded: true };
    });
  }

  /** A plan that changes is one row, where it was last told. */
  #plan(event: EventRecord): void {
    this.rows.push({ ...placeOf(event), kind: 'plan', text: textOf(event.payload, 'text', 'summary') });
  }

  #phase(event: EventRecord): void {
    const { payload } = event;
    if (payload['phase'] === 'steer-delivered') {
      const place = placeOf(event);
      const isShown = place.commandId !== null && this.#lastUserCommandIds.has(place.commandId);
      if (!isShown) this.rows.push({ ...place, kind: 'steer', text: null });
      return;
    }
    const text = phaseWords(payload);
    if (text !== '') this.rows.push({ ...placeOf(event), kind: 'note', text, isAttention: isAttentionPhase(payload) });
  }

  #end(event: EventRecord): void {
    const { payload } = event;
    const terminalStatus = said(payload['terminalStatus']) || 'ended';
    const failureKind = said(payload['failureKind']) || null;
    const text = textOf(payload, 'failureMessage', 'message');
    this.rows.push({ ...placeOf(event), kind: 'end', terminalStatus, failureKind, text });
  }

  #itemOf({ runId, payload }: EventRecord): string {
    return `${runId}/tool/${said(payload['itemId']) || said(payload['commandId'])}`;
  }
}

function placeOf({ runId, seq, payload, createdAt }: EventRecord): RowPlace {
  const commandId = said(payload['commandId']) || null;
  return { key: `${runId}:${seq}`, runId, seq, lastSeq: seq, commandId, at: createdAt };
}

function toolStatus({ status, exitCode }: Payload): ToolRow['status'] {
  if (status === undefined || status === 'running' || status === 'in_progress' || status === 'pending')
    return 'running';
  if (status === 'cancelled') return 'cancelled';
  if (status === 'completed') return typeof exitCode === 'number' && exitCode !== 0 ? 'failed' : 'completed';
  return 'failed';
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

/** The first of the fields that is there. */
function textOf(payload: Payload, ...names: string[]): string {
  for (const name of names) {
    const value = payload[name];
    if (typeof value === 'string') return value;
    if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  }
  return '';
}
