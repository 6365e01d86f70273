import { Metadata } from '../../contract/common.js';
import { openApiDocument } from '../openapi.js';
import { route, type Route } from '../route.js';

/** The document describes these routes and itself. */
export function openApiRoutes(described: readonly Route[]): Route[] {
  const own: Route = route({
    method: 'GET',
    path: '/openapi.json',
    operationId: 'getOpenApi',
    tag: 'openapi',
    summary: 'This document',
    auth: 'none',
    raw: { contentType: 'application/json', schema: Metadata },
    respond: async (ctx) => {
      ctx.body = document;
    },
  });
  const document = openApiDocument([...described, own]);
  return [own];
}
