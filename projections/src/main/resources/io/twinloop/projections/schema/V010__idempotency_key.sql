-- First answers to requests that carried an Idempotency-Key, kept until expires_at.
-- status is null while the first request is being answered; owner names the execution that may write the answer.
CREATE TABLE idempotency_key (
  caller      text        NOT NULL,
  route       text        NOT NULL,
  key         text        NOT NULL,
  owner       uuid        NOT NULL,
  fingerprint text,
  lease_until timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL,
  status      int,
  headers     text[],
  body        bytea,
  PRIMARY KEY (caller, route, key)
);

-- Makes the deletion of expired rows cheap.
CREATE INDEX idempotency_key_expires_at ON idempotency_key (expires_at);
