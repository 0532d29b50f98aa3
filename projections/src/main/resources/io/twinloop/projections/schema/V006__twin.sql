-- What a node said of itself, and from when until when it said so; one row per version, the one that
-- holds without an end. seq_nr is that of the event that began it.
CREATE TABLE org_node (
  id          TEXT NOT NULL,
  seq_nr      BIGINT NOT NULL,
  type        TEXT NOT NULL,
  label       TEXT NOT NULL,
  properties  JSON NOT NULL,
  valid_from  TIMESTAMPTZ NOT NULL,
  valid_until TIMESTAMPTZ,
  PRIMARY KEY (id, seq_nr)
);
CREATE UNIQUE INDEX org_node_now ON org_node (id) WHERE valid_until IS NULL;
CREATE INDEX org_node_now_by_type ON org_node (type, id) WHERE valid_until IS NULL;

-- A relation in the versions its source told; seq_nr is that of the event that began the version,
-- first_seq_nr that of the event that began the relation. A version whose times are the same never
-- held: its relation turned out to have begun later, or ended earlier.
CREATE TABLE org_relation (
  source_id    TEXT NOT NULL,
  seq_nr       BIGINT NOT NULL,
  first_seq_nr BIGINT NOT NULL,
  relation     TEXT NOT NULL,
  target_id    TEXT NOT NULL,
  target_type  TEXT NOT NULL,
  properties   JSON NOT NULL,
  began_at     TIMESTAMPTZ NOT NULL,
  valid_from   TIMESTAMPTZ NOT NULL,
  valid_until  TIMESTAMPTZ,
  PRIMARY KEY (source_id, seq_nr)
);
CREATE INDEX org_relation_now_by_source ON org_relation (source_id, relation)
  WHERE valid_until IS NULL;
CREATE INDEX org_relation_now_by_target ON org_relation (target_id, relation)
  WHERE valid_until IS NULL;
CREATE INDEX org_relation_by_target ON org_relation (target_id, relation, valid_from);

-- What happened to a node, one row per event; the event's number is the node's revision after it.
CREATE TABLE org_node_history (
  node_id        TEXT NOT NULL,
  seq_nr         BIGINT NOT NULL,
  at             TIMESTAMPTZ NOT NULL,
  what           TEXT NOT NULL,
  detail         JSON NOT NULL,
  actor          TEXT NOT NULL,
  causation_id   TEXT NOT NULL,
  correlation_id TEXT,
  PRIMARY KEY (node_id, seq_nr)
);
