-- What-ifs, in short; what came of one is asked of it.
CREATE TABLE simulation (
  id             TEXT PRIMARY KEY,
  name           TEXT NOT NULL,
  at             TIMESTAMPTZ NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('requested', 'finished', 'failed')),
  requested_at   TIMESTAMPTZ NOT NULL,
  ended_at       TIMESTAMPTZ,
  correlation_id TEXT NOT NULL
);
CREATE INDEX simulation_by_time ON simulation (requested_at, id);
