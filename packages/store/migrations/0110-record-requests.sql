-- What the code of an execution asks of records is a wait that a gateway answers: its subject is the
-- request in words and, from the second line on, as JSON.

ALTER TABLE wait
  DROP CONSTRAINT wait_kind_check,
  ADD CONSTRAINT wait_kind_check
    CHECK (kind IN ('START', 'TIMER', 'DEPENDENCY', 'LOCK', 'RESPONSE', 'CONTROL', 'RECORD', 'BREAK'));
