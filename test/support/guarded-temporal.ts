import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import {
  connect,
  constants,
  createSecureServer,
  type ClientHttp2Session,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { CertificateFiles } from './certificates.js';

export interface Guard {
  readonly certificate: CertificateFiles;
  /** Whose certificates callers must show; none when absent. */
  readonly clientsOf?: CertificateFiles;
  /** What each call must carry; nothing when absent. */
  readonly apiKey?: string;
  /** Keeps the operator's API to itself, as a managed server does. */
  readonly refusesOperators?: boolean;
}

const OPERATORS = '/temporal.api.operatorservice.v1.OperatorService/';
const STATUS = { PERMISSION_DENIED: '7', UNAUTHENTICATED: '16' };

/** A Temporal as others run it: TLS before it, and not everybody's. Stands between its callers and a plain server, call by call. */
export class GuardedTemporal {
  /** How many calls went through, and how many were refused. */
  passed = 0;
  refused = 0;
  readonly #sessions = new Set<ServerHttp2Session>();

  private constructor(
    private readonly guard: Guard,
    private readonly server: Http2SecureServer,
    private readonly upstream: ClientHttp2Session,
  ) {
    server.on('session', (session) => {
      this.#sessions.add(session);
      session.on('close', () => this.#sessions.delete(session));
    });
    server.on('sessionError', () => undefined);
    server.on('stream', (stream, headers) => this.#take(stream, headers));
  }

  static async start(target: string, guard: Guard): Promise<GuardedTemporal> {
    const server = createSecureServer({
      ...(await readPair(guard.certificate)),
      ...(guard.clientsOf && { ca: await readFile(guard.clientsOf.cert), requestCert: true, rejectUnauthorized: true }),
    });
    const upstream = connect(`http://${target}`);
    upstream.on('error', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new GuardedTemporal(guard, server, upstream);
  }

  get address(): string {
    return `localhost:${(this.server.address() as AddressInfo).port}`;
  }

  /** Shows another certificate from now on, to those who are connected too: they have to come again. */
  async show(certificate: CertificateFiles): Promise<void> {
    this.server.setSecureContext(await readPair(certificate));
    for (const session of this.#sessions) session.destroy();
  }

  async stop(): Promise<void> {
    for (const session of this.#sessions) session.destroy();
    this.upstream.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  #take(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    stream.on('error', () => undefined);
    const status = this.#refusal(headers);
    if (status === undefined) {
      this.passed += 1;
      this.#forward(stream, headers);
      return;
    }
    this.refused += 1;
    const answer = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status, 'grpc-message': 'no' };
    stream.respond(answer, { endStream: true });
  }

  #refusal({ ':path': path, authorization }: IncomingHttpHeaders): string | undefined {
    const { apiKey, refusesOperators = false } = this.guard;
    if (apiKey !== undefined && authorization !== `Bearer ${apiKey}`) return STATUS.UNAUTHENTICATED;
    return refusesOperators && path?.startsWith(OPERATORS) ? STATUS.PERMISSION_DENIED : undefined;
  }

  #forward(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const call = this.upstream.request({ ...headers, ':scheme': 'http', ':authority': 'temporal' });
    let trailers: IncomingHttpHeaders = {};
    stream.pipe(call);
    call.on('error', () => stream.close());
    call.on('trailers', (sent) => (trailers = sent));
    call.on('response', (answer, flags) => {
      if (stream.destroyed) return;
      const isWhole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      stream.respond(answer, isWhole ? { endStream: true } : { waitForTrailers: true });
      if (!isWhole) call.pipe(stream);
    });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.on('close', () => call.close(constants.NGHTTP2_CANCEL));
  }
}

async function readPair({ cert, key }: CertificateFiles): Promise<{ cert: Buffer; key: Buffer }> {
  return { cert: await readFile(cert), key: await readFile(key) };
}
