import { defineConfig } from 'vite';

/** Built by `npm run build` into dist/console, which the API serves. Nothing is inlined: the pages' Content-Security-Policy forbids it. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  logLevel: 'warn',
  build: {
    outDir: '../../dist/console',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
