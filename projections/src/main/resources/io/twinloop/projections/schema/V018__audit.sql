-- Who did, or was refused, what; each entry with the SHA-256 of itself and of the one before it.
CREATE TABLE audit_entry (
  number         BIGINT PRIMARY KEY,
  at             TIMESTAMPTZ NOT NULL,
  kind           TEXT NOT NULL,
  actor          TEXT NOT NULL,
  role           TEXT,
  action         TEXT NOT NULL,
  path           TEXT NOT NULL,
  type           TEXT NOT NULL CHECK (type IN ('change', 'refusal', 'failure')),
  address        TEXT NOT NULL,
  status         INT NOT NULL,
  code           TEXT,
  correlation_id TEXT NOT NULL,
  hash           BYTEA NOT NULL CHECK (octet_length(hash) = 32)
);
CREATE INDEX audit_entry_by_actor ON audit_entry (actor, number);
CREATE INDEX audit_entry_by_action ON audit_entry (action, number);

-- The end of the chain, and the last entry of the part that was cut off for its age. Whoever appends
-- locks this row, so that all nodes share one chain.
CREATE TABLE audit_head (
  only_row   BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row),
  number     BIGINT NOT NULL DEFAULT 0,
  at         TIMESTAMPTZ NOT NULL DEFAULT 'epoch',
  hash       BYTEA NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
  cut_number BIGINT NOT NULL DEFAULT 0,
  cut_hash   BYTEA NOT NULL DEFAULT decode(repeat('00', 32), 'hex')
) WITH (fillfactor = 50);
INSERT INTO audit_head DEFAULT VALUES;

-- Entries are added, and cut off for their age by whoever says so with twinloop.audit_cut; nothing
-- else happens to them.
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'audit_entry'
      AND current_setting('twinloop.audit_cut', true) = 'on' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'The audit is append-only: % of % is refused.', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_entry_rows BEFORE UPDATE OR DELETE ON audit_entry
  FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_entry_all BEFORE TRUNCATE ON audit_entry
  FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_head_row BEFORE DELETE ON audit_head
  FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_head_all BEFORE TRUNCATE ON audit_head
  FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head
  FOR EACH ROW WHEN (NEW.number < OLD.number OR NEW.cut_number < OLD.cut_number)
  EXECUTE FUNCTION audit_is_append_only();
