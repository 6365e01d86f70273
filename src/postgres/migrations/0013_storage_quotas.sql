-- How much a session's volume may hold, as its platform said when the volume was last made ready; null where nothing limits it.
ALTER TABLE sessions ADD COLUMN storage_quota_bytes bigint;
