-- API keys. The secret of a key is 256 random bits and shown once; its SHA-256 is all that stays. A key
-- is for a user's role or for a domain. Revoked keys stay in the list.
CREATE TABLE api_key (
  id          TEXT PRIMARY KEY,
  name        TEXT NOT NULL,
  role        TEXT,
  domain      TEXT,
  unit        TEXT,
  secret_hash TEXT NOT NULL,
  created_at  TIMESTAMPTZ NOT NULL,
  created_by  TEXT NOT NULL,
  expires_at  TIMESTAMPTZ,
  revoked_at  TIMESTAMPTZ,
  CHECK ((role IS NULL) <> (domain IS NULL))
);

CREATE INDEX api_key_created_at ON api_key (created_at, id);
