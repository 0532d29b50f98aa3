-- When an event came into the history: what has no effect long after is sent again. Events of before
-- have none, and are not.
ALTER TABLE integration_event ADD COLUMN recorded_at TIMESTAMPTZ;
ALTER TABLE integration_event ALTER COLUMN recorded_at SET DEFAULT now();
CREATE INDEX integration_event_by_recording ON integration_event USING brin (recorded_at);
