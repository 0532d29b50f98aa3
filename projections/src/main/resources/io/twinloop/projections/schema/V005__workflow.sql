CREATE TABLE workflow_definition (
  namespace  TEXT NOT NULL,
  name       TEXT NOT NULL,
  version    TEXT NOT NULL,
  source     TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (namespace, name, version)
);

CREATE TABLE workflow (
  id             TEXT PRIMARY KEY,
  definition     TEXT NOT NULL,
  status         TEXT NOT NULL,
  entity_id      TEXT,
  correlation_id TEXT NOT NULL,
  started_at     TIMESTAMPTZ NOT NULL,
  ended_at       TIMESTAMPTZ,
  input          JSON NOT NULL,
  output         JSON,
  error          JSON,
  seq_nr         BIGINT NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX workflow_by_time ON workflow (started_at, id);
CREATE INDEX workflow_by_status ON workflow (status, started_at, id);
CREATE INDEX workflow_by_entity ON workflow (entity_id, started_at, id);
CREATE INDEX workflow_by_correlation ON workflow (correlation_id);
CREATE INDEX workflow_by_definition ON workflow (definition, started_at);

-- What an instance did, one row per journaled event.
CREATE TABLE workflow_step (
  workflow_id TEXT NOT NULL,
  seq_nr      BIGINT NOT NULL,
  at          TIMESTAMPTZ NOT NULL,
  name        TEXT NOT NULL,
  event       TEXT NOT NULL,
  detail      JSON NOT NULL,
  PRIMARY KEY (workflow_id, seq_nr)
);

CREATE TABLE task (
  id             TEXT PRIMARY KEY,
  workflow_id    TEXT NOT NULL,
  correlation_id TEXT NOT NULL,
  title          TEXT NOT NULL,
  state          TEXT NOT NULL,
  assignee       TEXT,
  candidates     TEXT[] NOT NULL,
  priority       TEXT,
  created_at     TIMESTAMPTZ NOT NULL,
  due_at         TIMESTAMPTZ,
  ended_at       TIMESTAMPTZ,
  ref            TEXT NOT NULL,
  request        JSON NOT NULL,
  output         JSON
) WITH (fillfactor = 80);
CREATE INDEX task_by_time ON task (created_at, id);
CREATE INDEX task_by_state ON task (state, created_at, id);
CREATE INDEX task_by_assignee ON task (assignee, created_at, id) WHERE assignee IS NOT NULL;
CREATE INDEX task_by_candidate ON task USING gin (candidates);
CREATE INDEX task_by_workflow ON task (workflow_id);

-- When a sleeping instance has to be woken.
CREATE TABLE timer (
  workflow_id TEXT NOT NULL,
  timer_id    TEXT NOT NULL,
  due_at      TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (workflow_id, timer_id)
);
CREATE INDEX timer_by_due ON timer (due_at);

-- What was told to people.
CREATE TABLE outbox (
  id             TEXT PRIMARY KEY,
  workflow_id    TEXT NOT NULL,
  correlation_id TEXT NOT NULL,
  at             TIMESTAMPTZ NOT NULL,
  channel        TEXT NOT NULL,
  notification   JSON NOT NULL
);
CREATE INDEX outbox_by_time ON outbox (at, id);
