/** Milliseconds of a time that the client made a Date of, or, in a watch, left as it came. */
export function timeMs(value: Date | string | undefined): number | undefined {
  const ms = value === undefined || value === null ? NaN : new Date(value).getTime();
  return Number.isNaN(ms) ? undefined : ms;
}
