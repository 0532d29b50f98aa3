-- The keys of those of whom something personal is stored, wrapped by the site's master key, which is
-- not in here. An erased subject's row stays, without its key.
CREATE TABLE subject_key (
  subject    TEXT PRIMARY KEY,
  wrapped    BYTEA,
  master     TEXT,
  created_at TIMESTAMPTZ NOT NULL,
  erased_at  TIMESTAMPTZ,
  CHECK ((wrapped IS NULL) = (erased_at IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX subject_key_by_master ON subject_key (master) WHERE wrapped IS NOT NULL;

-- What is left of samples that are too old to be kept one by one: a day (days since 1970 UTC) in
-- figures. since is the instant from which a KPI's samples are kept; no row while all are.
CREATE TABLE kpi_sample_day (
  kpi_id  TEXT NOT NULL,
  day     BIGINT NOT NULL,
  count   BIGINT NOT NULL,
  mean    DOUBLE PRECISION NOT NULL,
  minimum DOUBLE PRECISION NOT NULL,
  maximum DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (kpi_id, day)
);
CREATE TABLE kpi_samples_kept (
  kpi_id TEXT PRIMARY KEY,
  since  TIMESTAMPTZ NOT NULL
);

-- Rows lie in order of time, so that this small index finds the old ones.
CREATE INDEX org_node_history_by_time ON org_node_history USING brin (at);
CREATE INDEX integration_event_by_time ON integration_event USING brin (time);
