import { TemporalPayloads } from '../../contract/temporal-payloads.js';
import { requireInstallation } from '../../operations/access.js';
import { route, type Route } from '../route.js';

/** Where Temporal's tools look for a codec server: they append what they want of it. */
export const CODEC_PATH = '/api/v1/temporal/codec';

export const temporalPayloadRoutes: Route[] = [
  route({
    method: 'POST',
    path: `${CODEC_PATH}/decode`,
    operationId: 'decodeTemporalPayloads',
    tag: 'installation',
    summary: 'Open what Temporal keeps encrypted, for its UI and command line',
    description:
      "Temporal's protocol for remote codecs, without our envelope. What is not encrypted comes back as it is. For operators of all tenants: " +
      "a payload does not say whose it is. Pages of AGENTRUN_TEMPORAL_UI_URL's origin may ask.",
    auth: 'operator',
    body: TemporalPayloads,
    bodyExample: { payloads: [{ metadata: { encoding: 'anNvbi9wbGFpbg==' }, data: 'InRydWUi' }] },
    raw: { contentType: 'application/json', schema: TemporalPayloads },
    respond: async (ctx, { principal, body }, { operations }) => {
      requireInstallation(principal);
      ctx.body = { payloads: await operations.payloads.decode(body.payloads) };
    },
  }),
];
