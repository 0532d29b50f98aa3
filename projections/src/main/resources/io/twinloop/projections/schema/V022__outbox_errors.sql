-- What the other side said of a message with personal data may repeat it in clear. From here on it
-- is not kept; what was kept before goes.
UPDATE outbox
SET last_error = 'What was said here is not kept: the message holds personal data.'
WHERE last_error IS NOT NULL AND concat_ws(' ', recipient, subject, body) LIKE '%^pd1.%';
