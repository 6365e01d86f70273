/** The times that everything of ours can keep, epoch ms: the years 1970 to 9999. A Date goes further than a database does. */
export function isStorableTime(ms: number): boolean {
  return ms >= 0 && ms <= 253_402_300_799_999;
}
