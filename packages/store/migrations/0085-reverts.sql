-- How an execution came to its generation: one row per revert, written with it. Small, since most
-- executions have none; removed with its execution.
CREATE TABLE revert (
  workspace_id uuid NOT NULL,
  execution_id uuid NOT NULL,
  generation integer NOT NULL,       -- the life that it began
  from_generation integer NOT NULL,  -- whose savepoint it went back to
  seq integer NOT NULL,              -- which: 0 is the beginning
  name text,                         -- by which name, if by one
  former_started_at timestamptz,     -- when the code of the life before it first ran
  created_by uuid,                   -- who asked; null: its own code
  created_at timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (workspace_id, execution_id, generation)
);
