import type { Expectation } from './expectation.js';
export const EXPECTED: Record<string, Expectation> = {};
