import { processMark } from '../../../src/processes/process-mark.js';

/** Tells how it is known. */
process.stdout.write(processMark());
