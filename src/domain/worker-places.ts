/**
 * How much one worker does at once. Calls of a platform may hang for as long as they are given, and many at a time: they have places of
 * their own, so that what decides and writes always finds some.
 */
export const WORKER_PLACES = {
  /** Launches, stops and deletions under way, and those that wait for one of these to end. */
  platform: 200,
  platformWaiting: 100,
  /** Everything else: three times the SDK's number, for a look at what senders wrote does nothing for two seconds, and takes a place meanwhile. */
  others: 300,
} as const;
