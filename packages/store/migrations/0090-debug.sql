-- The debugger: lines to stop at are kept with a flow, a stop is a wait, and what an execution in
-- development mode needs to go on from one.

ALTER TABLE flow ADD COLUMN breakpoints json; -- lines, rising; null without any

ALTER TABLE wait
  DROP CONSTRAINT wait_kind_check,
  ADD CONSTRAINT wait_kind_check
    CHECK (kind IN ('START', 'TIMER', 'DEPENDENCY', 'LOCK', 'RESPONSE', 'CONTROL', 'BREAK'));

-- One row per execution in development mode, from its first commit to its end.
CREATE TABLE debug_session (
  workspace_id uuid NOT NULL,
  execution_id uuid NOT NULL,
  generation integer NOT NULL,
  seen integer NOT NULL,             -- the last position that the code had seen at the last commit
  stop json,                         -- Stop of packages/replay; null while it is not stopped
  PRIMARY KEY (workspace_id, execution_id)
);
