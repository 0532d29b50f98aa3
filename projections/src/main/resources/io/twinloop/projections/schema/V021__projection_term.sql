-- Who runs a slice range raises its term by one; whoever still runs it under an older term writes no more.
ALTER TABLE projection_state ADD COLUMN term BIGINT NOT NULL DEFAULT 0;
