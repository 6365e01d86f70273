import type { StorageGcReport } from '../contract/session.js';
import type { EvictionVerdict } from './session-store.js';

/**
 * The way to what Temporal does about sessions beside their runs. @throws unavailable('temporal') within about 1.5 s when Temporal is
 * down, and where what was asked for was ended there before it was done.
 */
export interface SessionGateway {
  /** Waits for the eviction some seconds; `evicting` says that it goes on. */
  evict(sessionId: string): Promise<EvictionVerdict>;
  /** One cycle of the garbage collection, or the one that is under way. */
  collectStorage(): Promise<StorageGcReport>;
}
