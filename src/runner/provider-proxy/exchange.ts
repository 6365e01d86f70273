import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { EndOfAnswer } from './end-of-answer.js';
import { towardsAgent } from './headers.js';
import type { ProviderTrouble } from './trouble.js';

export interface ExchangeOptions {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** Opens the request to the provider; its body is still to come. */
  readonly open: () => ClientRequest;
  /** The longest silence: from the request until the answer's headers, and within the answer. */
  readonly silenceMs: number;
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
    const { incoming, outgoing, open, silenceMs } = options;
    this.#upstream = open();
    this.#timer = setTimeout(() => this.#standIn({ kind: 'no-headers', waitedMs: silenceMs }), silenceMs);
    this.#upstream.once('response', (answer: IncomingMessage) => this.#passOn(answer));
    this.#upstream.once('error', (error) => this.#failed(error));
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
    const { outgoing } = this.options;
    const status = answer.statusCode ?? 502;
    const ending = new EndOfAnswer(answer.headers['content-type']);
    outgoing.writeHead(status, towardsAgent(answer.headers));
    outgoing.flushHeaders();
    this.#heardAt = performance.now();
    answer.on('data', (chunk: Buffer) => {
      this.#heardAt = performance.now();
      ending.look(chunk);
    });
    const end = (isWhole: boolean) => {
      if (status >= 400) this.#end({ kind: 'status', status });
      else this.#end(isWhole ? null : { kind: 'cut' });
    };
    answer.once('end', () => end(ending.wasSeen));
    answer.once('close', () => {
      if (answer.complete) return;
      end(false);
      outgoing.destroy();
    });
    answer.on('error', () => {});
    answer.pipe(outgoing);
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

  #standIn(trouble: ProviderTrouble): void {
    if (this.#isOver || this.options.outgoing.headersSent) return;
    const { outgoing, standIn } = this.options;
    this.#end(trouble);
    this.#finish();
    const { status, message } = standIn(trouble);
    const headers: OutgoingHttpHeaders = { 'content-type': 'application/json', connection: 'close' };
    outgoing.writeHead(status, headers);
    outgoing.end(JSON.stringify({ error: { message, type: 'provider_unreachable', code: null } }));
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
