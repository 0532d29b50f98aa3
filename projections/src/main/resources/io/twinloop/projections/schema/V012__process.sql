-- A case with its events, packed in order of time. entity_id is the key of its entity, which follows
-- from process and case. Its length is that from its first to its last event.
CREATE TABLE process_case (
  process_id  TEXT NOT NULL,
  entity_id   TEXT NOT NULL,
  case_id     TEXT NOT NULL,
  started_at  TIMESTAMPTZ NOT NULL,
  ended_at    TIMESTAMPTZ NOT NULL,
  length_micros BIGINT NOT NULL,
  open        BOOLEAN NOT NULL,
  live        BOOLEAN NOT NULL,
  breached_at TIMESTAMPTZ,
  events      INT NOT NULL,
  packed      BYTEA NOT NULL,
  PRIMARY KEY (process_id, entity_id)
) WITH (fillfactor = 80);
CREATE INDEX process_case_by_time ON process_case (process_id, started_at, case_id);
CREATE INDEX process_case_breached ON process_case (process_id, started_at, case_id)
  WHERE breached_at IS NOT NULL;

-- Counts of a process, moved by each case that is written. revision counts the transactions that
-- did: what was computed at one holds until the next.
CREATE TABLE process (
  id       TEXT PRIMARY KEY,
  cases    BIGINT NOT NULL,
  closed   BIGINT NOT NULL,
  breached BIGINT NOT NULL,
  events   BIGINT NOT NULL,
  revision BIGINT NOT NULL
) WITH (fillfactor = 70);

-- How often an activity was done, and was the first and the last of its case.
CREATE TABLE process_activity (
  process_id TEXT NOT NULL,
  activity   TEXT NOT NULL,
  count      BIGINT NOT NULL,
  firsts     BIGINT NOT NULL,
  lasts      BIGINT NOT NULL,
  PRIMARY KEY (process_id, activity)
) WITH (fillfactor = 70);

-- How often one activity directly followed another, and how long the cases waited in between.
CREATE TABLE process_pair (
  process_id    TEXT NOT NULL,
  from_activity TEXT NOT NULL,
  to_activity   TEXT NOT NULL,
  count         BIGINT NOT NULL,
  wait_millis   BIGINT NOT NULL,
  PRIMARY KEY (process_id, from_activity, to_activity)
) WITH (fillfactor = 70);

-- Cases by the order of their activities, of which variant is a digest.
CREATE TABLE process_variant (
  process_id TEXT NOT NULL,
  variant    TEXT NOT NULL,
  cases      BIGINT NOT NULL,
  PRIMARY KEY (process_id, variant)
) WITH (fillfactor = 70);
