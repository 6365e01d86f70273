import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';

export interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly isError: boolean;
  readonly service: string;
  readonly role: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly string[];
}

export interface ReceivedMetric {
  readonly name: string;
  readonly role: string | undefined;
}

/** A collector that keeps what it is sent by OTLP over HTTP, in JSON. */
export interface OtlpReceiver {
  readonly url: string;
  readonly spans: ReceivedSpan[];
  readonly metrics: ReceivedMetric[];
  /** All that was sent, as it came. */
  readonly bodies: string[];
  close(): Promise<void>;
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const received = { spans: [] as ReceivedSpan[], metrics: [] as ReceivedMetric[], bodies: [] as string[] };
  const server = createServer((request, response) => {
    void (async () => {
      const body = await text(request);
      received.bodies.push(body);
      const sent = JSON.parse(body) as Sent;
      received.spans.push(...(sent.resourceSpans ?? []).flatMap(spansOf));
      received.metrics.push(...(sent.resourceMetrics ?? []).flatMap(metricsOf));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    ...received,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Value {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
}
type Attributes = readonly { readonly key: string; readonly value: Value }[];
interface Resource {
  readonly resource: { readonly attributes: Attributes };
}
interface ResourceSpans extends Resource {
  readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
}
interface SentSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly status?: { readonly code?: number };
  readonly attributes: Attributes;
  readonly links?: readonly { readonly traceId: string }[];
}
interface ResourceMetrics extends Resource {
  readonly scopeMetrics: readonly { readonly metrics: readonly { readonly name: string }[] }[];
}
interface Sent {
  readonly resourceSpans?: readonly ResourceSpans[];
  readonly resourceMetrics?: readonly ResourceMetrics[];
}

function spansOf({ resource, scopeSpans }: ResourceSpans): ReceivedSpan[] {
  const process = valuesOf(resource.attributes);
  return scopeSpans.flatMap(({ spans }) =>
    spans.map((span) => ({
      name: span.name,
      traceId: span.traceId,
      spanId: span.spanId,
      parentSpanId: span.parentSpanId || undefined,
      isError: span.status?.code === 2,
      service: String(process['service.name']),
      role: process['agentrun.role'] as string | undefined,
      attributes: valuesOf(span.attributes),
      links: (span.links ?? []).map(({ traceId }) => traceId),
    })),
  );
}

function metricsOf({ resource, scopeMetrics }: ResourceMetrics): ReceivedMetric[] {
  const role = valuesOf(resource.attributes)['agentrun.role'] as string | undefined;
  return scopeMetrics.flatMap(({ metrics }) => metrics.map(({ name }) => ({ name, role })));
}

function valuesOf(attributes: Attributes): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
