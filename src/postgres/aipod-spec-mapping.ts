import type { AipodSpec, AipodSpecRecord, AipodSpecSummary } from '../contract/aipod-spec.js';
import { isoOrNull } from './run-mapping.js';

/** Of `aipod_specs s` and `aipod_spec_versions v`. */
export const SPEC_COLUMNS = `s.name, s.deleted_at, v.version, v.document, v.source, v.content_hash, v.origin, v.applied_by,
  v.created_at`;

export interface SpecRow {
  readonly name: string;
  readonly deleted_at: Date | null;
  readonly version: number;
  readonly document: AipodSpec;
  readonly source: string | null;
  readonly content_hash: string;
  readonly origin: AipodSpecRecord['origin'];
  readonly applied_by: string | null;
  readonly created_at: Date;
}

export function toSpecRecord(row: SpecRow): AipodSpecRecord {
  const { apiVersion, kind, spec } = row.document;
  return {
    apiVersion,
    kind,
    metadata: metadataOf(row),
    spec,
    ...versionOf(row),
    source: row.source,
    deletedAt: isoOrNull(row.deleted_at),
    valuesPrinted: false,
  };
}

export function toSpecSummary(row: SpecRow): AipodSpecSummary {
  const backendProfile = row.document.spec.backendProfile ?? null;
  return { ...versionOf(row), metadata: metadataOf(row), backendProfile, valuesPrinted: false };
}

/** A later version may spell the name otherwise. */
function metadataOf({ name, document }: SpecRow): AipodSpec['metadata'] {
  return { ...document.metadata, name };
}

function versionOf(row: SpecRow) {
  return {
    name: row.name,
    version: row.version,
    origin: row.origin,
    appliedBy: row.applied_by,
    contentHash: row.content_hash,
    createdAt: row.created_at.toISOString(),
  };
}
