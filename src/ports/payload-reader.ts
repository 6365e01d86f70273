import type { TemporalPayload } from '../contract/temporal-payloads.js';

/** Reads what Temporal keeps. */
export interface PayloadReader {
  /** Those that are encrypted, opened; the others as they are. @throws schema-invalid, naming the first that cannot be opened */
  decode(payloads: readonly TemporalPayload[]): Promise<TemporalPayload[]>;
}
