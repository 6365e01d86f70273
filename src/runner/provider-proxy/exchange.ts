import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { EndOfAnswer } from './end-of-answer.js';
import { towardsAgent, withoutBody } from './headers.js';
import { KeyMask } from './key-mask.js';
import { textOfRefusal } from './refusal.js';
import type { ProviderTrouble } from './trouble.js';

export interface ExchangeOptions {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** Opens the request to the provider; its body is still to come. */
  readonly open: () => ClientRequest;
  /** The longest silence: within an answer, and from the request until the answer's headers. */
  readonly silenceMs: number;
  readonly headersMs: number;
  /** Cuts out of an answer what the agent must not know. */
  readonly cut: (text: string) => string;
  /** Of what the agent must not know, what is looked for also in an answer that goes on as it comes. */
  readonly keys: readonly string[];
  /** Null: the whole answer came, and it was not a refusal. */
  readonly onEnd: (trouble: ProviderTrouble | null) => void;
  /** What the agent is told in place of an answer. */
  readonly standIn: (trouble: ProviderTrouble) => { readonly status: number; readonly message: string };
}

/** The agent's clock and ours do not agree to the millisecond. */
const PATIENCE = 0.9;

/** One request of the agent's and its answer, passed through as they come. */
export class Exchange {
  readonly #upstream: ClientRequest;
  #timer: NodeJS.Timeout | null = null;
  #isOver = false;
  /** When something of the answer came last; monotonic ms. */
  #heardAt: number | null = null;

  constructor(private readonly options: ExchangeOptions) {
    const { incoming, outgoing, open, headersMs } = options;
    this.#upstream = open();
    this.#timer = setTimeout(() => this.#standIn({ kind: 'no-headers', waitedMs: headersMs }), headersMs);
    this.#upstream.once('response', (answer: IncomingMessage) => this.#passOn(answer));
    this.#upstream.on('error', (error) => this.#failed(error));
    outgoing.once('close', () => this.#left());
    outgoing.on('error', () => {});
    incoming.once('error', () => this.#finish());
    incoming.pipe(this.#upstream);
  }

  /** Lets go of both sides. */
  abandon(): void {
    this.#finish();
    this.options.outgoing.destroy();
  }

  #passOn(answer: IncomingMessage): void {
    if (this.#isOver) return answer.destroy() as unknown as void;
    this.#stopTimer();
    const { outgoing, cut } = this.options;
    const status = statusOf(answer);
    if (status >= 300) return void this.#passOnRefusal(answer, status);
    const ending = new EndOfAnswer(answer.headers['content-type']);
    outgoing.writeHead(status, towardsAgent(answer.headers, cut));
    outgoing.flushHeaders();
    this.#heardAt = performance.now();
    answer.on('data', (chunk: Buffer) => {
      this.#heardAt = performance.now();
      ending.look(chunk);
    });
    const end = (isWhole: boolean) => this.#end(isWhole ? null : { kind: 'cut' });
    answer.once('end', () => end(ending.wasSeen));
    answer.once('close', () => {
      if (answer.complete) return;
      end(false);
      outgoing.destroy();
    });
    answer.on('error', () => {});
    const isPlain = (answer.headers['content-encoding'] ?? 'identity') === 'identity';
    if (isPlain && this.options.keys.length > 0) answer.pipe(new KeyMask(this.options.keys)).pipe(outgoing);
    else answer.pipe(outgoing);
  }

  /** Providers repeat a key that they do not take; and agents keep what they are told. */
  async #passOnRefusal(answer: IncomingMessage, status: number): Promise<void> {
    const { outgoing, cut, headersMs } = this.options;
    answer.on('error', () => {});
    const text = await textOfRefusal(answer, headersMs);
    if (this.#isOver) return;
    const trouble: ProviderTrouble = { kind: 'status', status };
    const headers = towardsAgent(answer.headers, cut);
    if (text === undefined || status < 400) {
      this.#standIn(trouble, withoutBody(headers));
      return;
    }
    this.#end(trouble);
    const type = answer.headers['content-type'];
    outgoing.writeHead(status, { ...withoutBody(headers), ...(type && { 'content-type': type }) });
    outgoing.end(cut(text));
  }

  /** The agent's leaving (interrupted, steered, ended) says nothing of the provider, unless it had waited long. */
  #left(): void {
    const hasWaited = this.#heardAt !== null && performance.now() - this.#heardAt >= this.options.silenceMs * PATIENCE;
    if (hasWaited) this.#end({ kind: 'stalled' });
    this.#finish();
  }

  #failed(error: NodeJS.ErrnoException): void {
    this.#standIn({ kind: 'unreachable', code: error.code ?? error.message });
  }

  #standIn(trouble: ProviderTrouble, more: OutgoingHttpHeaders = { connection: 'close' }): void {
    if (this.#isOver || this.options.outgoing.headersSent) return;
    const { outgoing, standIn } = this.options;
    this.#end(trouble);
    this.#finish();
    const { status, message } = standIn(trouble);
    const type = trouble.kind === 'status' ? 'provider_refused' : 'provider_unreachable';
    outgoing.writeHead(status, { ...more, 'content-type': 'application/json' });
    outgoing.end(JSON.stringify({ error: { message, type, code: null } }));
  }

  #end(trouble: ProviderTrouble | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.options.onEnd(trouble);
  }

  #finish(): void {
    this.#isOver = true;
    this.#stopTimer();
    if (!this.#upstream.destroyed) this.#upstream.destroy();
  }

  #stopTimer(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** Some of what a server may send is no status that can be passed on. */
function statusOf({ statusCode = 0 }: IncomingMessage): number {
  return statusCode >= 200 && statusCode <= 599 ? statusCode : 502;
}
