/** What a `retry-after` header asks for, in milliseconds from now: it holds seconds, or a date. Null where it says nothing of use. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  const ms = /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return ms > 0 ? ms : null;
}
