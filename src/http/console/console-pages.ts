import type { Context, Middleware } from 'koa';
import type { ConsoleFile, ConsoleFiles } from './console-files.js';

/** Addresses that the console itself tells apart: each is answered with its one page. */
const PAGES = /^\/(?:(?:sessions|runs|tasks|queues|profiles|status)(?:\/[^/]*)?)?$/;

/** Nothing from elsewhere, nothing inline, and no other page around it; what runs here holds an operator's token. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types dompurify',
].join('; ');

/** Serves the web console: its page at every address of its own, and the files that the page loads. Everything else is left to the API. */
export function consolePages(files: ConsoleFiles): Middleware {
  return (ctx, next) => {
    const file = ctx.method === 'GET' || ctx.method === 'HEAD' ? fileFor(files, ctx.path) : undefined;
    if (file === undefined) return next();
    answer(ctx, file);
    return undefined;
  };
}

function fileFor(files: ConsoleFiles, path: string): ConsoleFile | undefined {
  return PAGES.test(path) ? files.get('/index.html') : files.get(path);
}

function answer(ctx: Context, file: ConsoleFile): void {
  ctx.status = 200;
  ctx.set({
    'content-security-policy': CONTENT_SECURITY_POLICY,
    'cache-control': file.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
    vary: 'accept-encoding',
    etag: file.etag,
  });
  ctx.type = file.contentType;
  if (ctx.fresh) {
    ctx.status = 304;
    return;
  }
  const isPacked = file.gzipped !== undefined && ctx.acceptsEncodings('gzip', 'identity') === 'gzip';
  if (isPacked) ctx.set('content-encoding', 'gzip');
  ctx.body = isPacked ? file.gzipped : file.body;
}
