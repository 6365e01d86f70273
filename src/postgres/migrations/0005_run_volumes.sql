-- A run outside any session has a volume of its own, which goes some time after the run ended.

ALTER TABLE runs ADD COLUMN volume_released_at timestamptz;

CREATE INDEX runs_with_volume ON runs (finished_at)
  WHERE finished_at IS NOT NULL AND session_id IS NULL AND volume_released_at IS NULL;
