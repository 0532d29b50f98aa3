-- JSON is kept as text (json, not jsonb): as it was written, with its order and whatever characters.
CREATE TABLE kpi (
  id           TEXT PRIMARY KEY,
  definition   JSON NOT NULL,
  owner_node_id TEXT,
  retired      BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX kpi_owner ON kpi (owner_node_id) WHERE owner_node_id IS NOT NULL;

-- One packed row per KPI and hour (hours since 1970 UTC), not a row per sample.
CREATE TABLE kpi_sample_chunk (
  kpi_id  TEXT NOT NULL,
  hour    BIGINT NOT NULL,
  samples BYTEA NOT NULL,
  count   INT NOT NULL,
  PRIMARY KEY (kpi_id, hour)
);
ALTER TABLE kpi_sample_chunk ALTER COLUMN samples SET STORAGE EXTERNAL;

CREATE TABLE kpi_episode (
  id             TEXT PRIMARY KEY,
  kpi_id         TEXT NOT NULL,
  correlation_id TEXT NOT NULL,
  live           BOOLEAN NOT NULL,
  opened_at      TIMESTAMPTZ NOT NULL,
  severity       TEXT NOT NULL,
  value          DOUBLE PRECISION NOT NULL,
  baseline_mean  DOUBLE PRECISION NOT NULL,
  z_score        DOUBLE PRECISION,
  closed_at      TIMESTAMPTZ,
  closed_value   DOUBLE PRECISION
);
CREATE INDEX kpi_episode_by_kpi ON kpi_episode (kpi_id, opened_at);
