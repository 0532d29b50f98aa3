-- A loop is everything with one correlation id. The counters are kept by the projections in the
-- transaction of their offsets, so that each event counts once.
CREATE TABLE loop (
  correlation_id TEXT PRIMARY KEY,
  event_type     TEXT,
  entity_id      TEXT,
  entity_type    TEXT,
  priority       TEXT,
  sensed_at      TIMESTAMPTZ,
  decided_at     TIMESTAMPTZ,
  acted_at       TIMESTAMPTZ,
  measured_at    TIMESTAMPTZ,
  first_at       TIMESTAMPTZ NOT NULL,
  last_at        TIMESTAMPTZ NOT NULL,
  episodes       INT NOT NULL DEFAULT 0,
  open_episodes  INT NOT NULL DEFAULT 0,
  workflows      INT NOT NULL DEFAULT 0,
  open_workflows INT NOT NULL DEFAULT 0,
  effect         DOUBLE PRECISION,
  state TEXT NOT NULL GENERATED ALWAYS AS (
    CASE
      WHEN episodes > 0 AND open_episodes <= 0 AND workflows > 0 AND open_workflows <= 0 THEN 'closed'
      WHEN episodes = 0 AND workflows > 0 AND open_workflows <= 0 THEN 'ended'
      ELSE 'open'
    END) STORED
);
CREATE INDEX loop_by_entity ON loop (entity_id, first_at);
CREATE INDEX loop_by_state ON loop (state, first_at);
CREATE INDEX loop_by_time ON loop (first_at, correlation_id);

CREATE TABLE loop_step (
  correlation_id TEXT NOT NULL,
  at             TIMESTAMPTZ NOT NULL,
  persistence_id TEXT NOT NULL,
  seq_nr         BIGINT NOT NULL,
  phase          TEXT NOT NULL CHECK (phase IN ('sense', 'decide', 'act', 'measure')),
  what           TEXT NOT NULL,
  detail         JSONB NOT NULL,
  PRIMARY KEY (correlation_id, persistence_id, seq_nr)
);

-- Every integration event this node sent or took, in the order its transaction became visible.
CREATE TABLE integration_event (
  id             TEXT PRIMARY KEY,
  xid            XID8 NOT NULL DEFAULT pg_current_xact_id(),
  ordinal        BIGINT GENERATED ALWAYS AS IDENTITY,
  type           TEXT NOT NULL,
  subject        TEXT NOT NULL,
  correlation_id TEXT NOT NULL,
  time           TIMESTAMPTZ NOT NULL,
  event          JSON NOT NULL
);
CREATE INDEX integration_event_by_order ON integration_event (xid, ordinal);
CREATE INDEX integration_event_by_correlation ON integration_event (correlation_id);
CREATE INDEX integration_event_by_subject ON integration_event (subject, xid, ordinal);
CREATE INDEX integration_event_by_type ON integration_event (type, xid, ordinal);
