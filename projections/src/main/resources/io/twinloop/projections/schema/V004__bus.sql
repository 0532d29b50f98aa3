-- Events whose effect a consumer group has brought about already.
CREATE TABLE inbox (
  consumer_group TEXT NOT NULL,
  event_id       TEXT NOT NULL,
  handled_at     TIMESTAMPTZ NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer_group, event_id)
);
CREATE INDEX inbox_by_time ON inbox (handled_at);

CREATE TABLE dead_letter (
  id             TEXT PRIMARY KEY,
  consumer_group TEXT NOT NULL,
  topic          TEXT NOT NULL,
  key            TEXT,
  event          BYTEA NOT NULL,
  event_id       TEXT,
  event_type     TEXT,
  error          TEXT NOT NULL,
  attempts       INT NOT NULL,
  at             TIMESTAMPTZ NOT NULL,
  replayed_at    TIMESTAMPTZ
);
CREATE INDEX dead_letter_by_time ON dead_letter (at, id);
