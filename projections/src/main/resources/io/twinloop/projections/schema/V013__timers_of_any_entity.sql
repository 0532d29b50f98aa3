-- A timer belongs to an entity of any type, not to runs of workflows alone. entity_type is the name
-- under which the entities are sharded.
ALTER TABLE timer RENAME COLUMN workflow_id TO entity_id;
ALTER TABLE timer ADD COLUMN entity_type TEXT NOT NULL DEFAULT 'WorkflowInstance';
ALTER TABLE timer ALTER COLUMN entity_type DROP DEFAULT;
ALTER TABLE timer DROP CONSTRAINT timer_pkey;
ALTER TABLE timer ADD PRIMARY KEY (entity_type, entity_id, timer_id);
