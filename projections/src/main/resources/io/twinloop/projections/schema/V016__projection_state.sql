-- Every slice range a projection was ever run over, and what stops it: the error of its last try, and
-- the event where that is known. A range that writes again has no error.
CREATE TABLE projection_state (
  projection_name TEXT NOT NULL,
  projection_key  TEXT NOT NULL,
  started_at      TIMESTAMPTZ,
  failing_since   TIMESTAMPTZ,
  failures        BIGINT NOT NULL DEFAULT 0,
  error           TEXT,
  persistence_id  TEXT,
  seq_nr          BIGINT,
  PRIMARY KEY (projection_name, projection_key)
);

-- Events somebody told a projection to leave out, for ever: should it be run again from the
-- beginning, it leaves them out too.
CREATE TABLE projection_skip (
  projection_name TEXT NOT NULL,
  projection_key  TEXT NOT NULL,
  persistence_id  TEXT NOT NULL,
  seq_nr          BIGINT NOT NULL,
  at              TIMESTAMPTZ NOT NULL DEFAULT now(),
  actor           TEXT NOT NULL,
  error           TEXT NOT NULL,
  PRIMARY KEY (projection_name, projection_key, persistence_id, seq_nr)
);
