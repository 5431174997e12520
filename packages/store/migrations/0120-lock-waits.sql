-- Looks for deadlocks begin with what code waits for. Of runs that wait for a place in their flow there
-- may be any number, and they would be read twice a second for nothing.
DROP INDEX wait_lock;
CREATE INDEX wait_lock ON wait (since) WHERE kind = 'LOCK' AND seq <> 0;
