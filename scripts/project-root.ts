import { fileURLToPath } from 'node:url';

/** Absolute path of the checkout, seen from dist/scripts/. */
export const projectRoot = fileURLToPath(new URL('../../', import.meta.url));
