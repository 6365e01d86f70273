-- Templates of agent work. They belong to the installation, not to a tenant, and hold no secrets.

CREATE TABLE aipod_specs (
  -- The name in lower case: names that differ in case only are one.
  key        text PRIMARY KEY,
  -- As it was spelled when it was created.
  name       text NOT NULL,
  -- The newest; it goes on counting when the spec is deleted and made again.
  version    int NOT NULL,
  deleted_at timestamptz(3)
);

CREATE TABLE aipod_spec_versions (
  key          text NOT NULL REFERENCES aipod_specs,
  version      int NOT NULL,
  document     json NOT NULL,
  -- The YAML text, where it was one.
  source       text,
  content_hash text NOT NULL,
  -- 'api', or 'dir' for a file that was loaded at start-up.
  origin       text NOT NULL,
  applied_by   text,
  created_at   timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (key, version)
);
