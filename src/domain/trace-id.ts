const TRACE_ID = /^trc_(?!0{32})([0-9a-f]{32})$/;

/** The trace that an answer's `traceId` names, by 32 hexadecimal digits; undefined for a name that the caller chose and no trace can have. */
export function traceOf(id: string): string | undefined {
  return TRACE_ID.exec(id)?.[1];
}
