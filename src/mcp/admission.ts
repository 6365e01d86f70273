import type { IncomingHttpHeaders } from 'node:http';

/** Names of this machine: a page elsewhere whose name was made to lead here says its own. */
const LOCAL_NAMES = ['127.0.0.1', 'localhost', '[::1]'];

export type Admission = { readonly token: string } | { readonly status: 401 | 403; readonly refusal: string };

/** Whether a request may be heard, and whose it is: made to this machine by a name of it, by no page of elsewhere, with a token. */
export function admit({ host, origin, authorization }: IncomingHttpHeaders, port: number): Admission {
  const hosts = LOCAL_NAMES.map((name) => `${name}:${port}`);
  if (host === undefined || !hosts.includes(host.toLowerCase()))
    return { status: 403, refusal: 'the Host header names another machine' };
  if (origin !== undefined && !hosts.some((local) => origin.toLowerCase() === `http://${local}`)) {
    return { status: 403, refusal: 'the Origin header names another site' };
  }
  const token = /^Bearer +([^\s]+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) return { status: 401, refusal: 'give an operator token: Authorization: Bearer <token>' };
  return { token };
}
