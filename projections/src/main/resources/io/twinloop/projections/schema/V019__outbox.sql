-- What is told outside: one row per message and recipient, and what came of sending it. An older row
-- was shown and never sent, so it would be sent. A NUL, which no text holds, becomes U+FFFD.
ALTER TABLE outbox
  ALTER COLUMN workflow_id DROP NOT NULL,
  ALTER COLUMN correlation_id DROP NOT NULL,
  ADD COLUMN recipient TEXT,
  ADD COLUMN subject TEXT,
  ADD COLUMN body TEXT,
  ADD COLUMN state TEXT NOT NULL DEFAULT 'WOULD_SEND',
  ADD COLUMN attempts INT NOT NULL DEFAULT 0,
  ADD COLUMN last_error TEXT,
  ADD COLUMN waiting_since TIMESTAMPTZ,
  ADD COLUMN due_at TIMESTAMPTZ,
  ADD COLUMN lease TEXT,
  ADD COLUMN ended_at TIMESTAMPTZ;
UPDATE outbox SET
  id = md5(id)::uuid::text,
  recipient = (SELECT string_agg(value, ', ') FROM json_array_elements_text(said.json -> 'to')),
  subject = said.json ->> 'subject',
  body = said.json ->> 'message',
  waiting_since = at,
  ended_at = at
FROM (SELECT id AS of, replace(notification::text, '\u0000', '\ufffd')::json AS json FROM outbox) said
WHERE outbox.id = said.of;
ALTER TABLE outbox
  DROP COLUMN notification,
  ALTER COLUMN body SET NOT NULL,
  ALTER COLUMN waiting_since SET NOT NULL,
  ALTER COLUMN state DROP DEFAULT,
  SET (fillfactor = 80);
CREATE INDEX outbox_by_state ON outbox (state, at, id);
CREATE INDEX outbox_by_correlation ON outbox (correlation_id);
CREATE INDEX outbox_due ON outbox (due_at) WHERE state = 'WAITING';
