-- Where each projection stands; the table of the projection library, with room in every text.
CREATE TABLE pekko_projection_offset_store (
  projection_name TEXT NOT NULL,
  projection_key  TEXT NOT NULL,
  current_offset  TEXT NOT NULL,
  manifest        TEXT NOT NULL,
  mergeable       BOOLEAN NOT NULL,
  last_updated    BIGINT NOT NULL,
  PRIMARY KEY (projection_name, projection_key)
);

CREATE TABLE pekko_projection_management (
  projection_name TEXT NOT NULL,
  projection_key  TEXT NOT NULL,
  paused          BOOLEAN NOT NULL,
  last_updated    BIGINT NOT NULL,
  PRIMARY KEY (projection_name, projection_key)
);

-- How far the read models follow each entity: what a query that waits for its own write looks at.
CREATE TABLE read_model_progress (
  persistence_id TEXT PRIMARY KEY,
  seq_nr         BIGINT NOT NULL
) WITH (fillfactor = 70);
