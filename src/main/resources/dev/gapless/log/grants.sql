-- What a role needs to write events and nothing more; run it as the owner of the log, with the role's name in place of
-- gapless_writer.
--
-- It allows plain INSERT, INSERT … RETURNING id, COPY of these columns and gapless.publish(…). It allows neither
-- explicit ids, nor drawing or setting positions, nor reading events, nor inserts into a partition, where the trigger
-- does not see them. Grant nothing on the partitions or on the sequence: nothing needs it.
GRANT USAGE ON SCHEMA gapless TO gapless_writer;
GRANT INSERT (owner, path, type, data, traceparent), SELECT (id) ON gapless.events TO gapless_writer;
