const TRACE_ID = /^trc_(?!0{32})([0-9a-f]{32})$/;

/** The trace that an answer's `traceId` names, by 32 hexadecimal digits; undefined for a name that the caller chose and no trace can have. */
export function traceOf(id: string): string | undefined {
  return TRACE_ID.exec(id)?.[1];
}

/** The name by which answers and log lines tell of a trace of 32 hexadecimal digits. */
export function idOfTrace(trace: string): string {
  return `trc_${trace}`;
}
