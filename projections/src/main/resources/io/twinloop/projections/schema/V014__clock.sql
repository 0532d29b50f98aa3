-- By how much the product's clock is ahead of the machines'; no row while it is not.
CREATE TABLE clock_ahead (
  only_row BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row),
  millis   BIGINT NOT NULL
);
