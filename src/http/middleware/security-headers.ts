import helmet from 'helmet';
import type { Middleware } from 'koa';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

/** TLS is a proxy's part: on plain HTTP nothing may be sent elsewhere by the browser. */
const OPTIONS: Parameters<typeof helmet>[0] = {
  strictTransportSecurity: false,
  contentSecurityPolicy: { directives: { 'upgrade-insecure-requests': null } },
};

/** What tells browsers to be careful. None of it depends on the request, so helmet is asked once and not with each. */
export function securityHeaders(): Middleware {
  const headers = Object.entries(headersByHelmet());
  return (ctx, next) => {
    for (const [name, value] of headers) ctx.res.setHeader(name, value);
    return next();
  };
}

function headersByHelmet(): Record<string, string> {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  helmet(OPTIONS)(request, response, () => undefined);
  const entries = Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]);
  return Object.fromEntries(entries) as Record<string, string>;
}
