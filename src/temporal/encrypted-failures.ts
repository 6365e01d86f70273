import { DefaultFailureConverter } from '@temporalio/common';

/** Puts a failure's words and stack where they are encrypted; loaded by the SDK by this file's path. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
