import type { AipodSpec, AipodSpecApplied, AipodSpecRecord, AipodSpecSummary } from '../contract/aipod-spec.js';
import type { Reservation } from './reservation.js';

/** A document to apply, with where it came from. */
export interface AipodSpecDraft extends Pick<AipodSpecRecord, 'source' | 'contentHash' | 'origin' | 'appliedBy'> {
  readonly document: AipodSpec;
}

export interface ApplyOptions {
  /** The version that the writer saw last; 0 for none. */
  readonly ifVersion?: number;
  readonly reservation?: Reservation;
}

export interface AppliedSpec {
  readonly action: AipodSpecApplied['action'];
  readonly record: AipodSpecRecord;
}

/** A cursor that the list did not make is `schema-invalid`. */
interface ListQuery {
  readonly limit: number;
  readonly cursor?: string;
}

interface SummaryPage {
  readonly items: AipodSpecSummary[];
  readonly nextCursor?: string;
}

/**
 * AipodSpecs and all their versions. Names are found in any case. Writers of one spec wait for each other, so that
 * versions have no gaps. All methods throw `unavailable('database')` when PostgreSQL cannot be reached.
 */
export interface AipodSpecStore {
  /**
   * Makes a version of the content unless it is the newest one already.
   * @throws conflict for another `ifVersion`; idempotency-conflict when the key was used with another body.
   */
  apply(draft: AipodSpecDraft, options?: ApplyOptions): Promise<AppliedSpec>;
  /** All of them, or none. Their names must differ. */
  applyAll(drafts: readonly AipodSpecDraft[]): Promise<AppliedSpec[]>;
  /** The newest version, or the one asked for; also of a deleted spec (`deletedAt`). */
  get(name: string, version?: number): Promise<AipodSpecRecord | undefined>;
  /** Newest first, also of a deleted spec; empty where there never was one. */
  versions(query: ListQuery & { name: string }): Promise<SummaryPage>;
  /** Whether any version of a spec that is not deleted says this image. */
  namesImage(image: string): Promise<boolean>;
  /** By name, without deleted ones. */
  list(query: ListQuery): Promise<SummaryPage>;
  /** Takes it out of the lists; answers its name and last version, or undefined where it is not there (any more). */
  remove(name: string): Promise<{ name: string; version: number } | undefined>;
}
