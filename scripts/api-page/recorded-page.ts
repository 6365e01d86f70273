import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HttpDependencies } from '../../src/http/dependencies.js';
import { openApiDocument } from '../../src/http/openapi.js';
import { allRoutes } from '../../src/http/routes/all-routes.js';
import { projectRoot } from '../project-root.js';
import { apiPage, type ApiDocument } from './api-page.js';
import { fieldComments } from './field-comments.js';

export const API_PAGE = join(projectRoot, 'docs/api.md');

/** The page as it is, and as this program would make it. Routes are data: nothing is reached until one is called. */
export function recordedApiPage(): { readonly page: string; readonly anew: string } {
  const page = readFileSync(API_PAGE, 'utf8');
  const document = JSON.parse(JSON.stringify(openApiDocument(allRoutes({} as HttpDependencies)))) as ApiDocument;
  return { page, anew: apiPage(page, document, fieldComments(join(projectRoot, 'src/contract'))) };
}
