-- Steering many: how many runs of a flow go on at once, how often they start, and for how long one may
-- run. What is not limited has no row here.

-- {"limit", "key"} and {"limit", "per_seconds", "key"}; null: not limited.
ALTER TABLE flow ADD COLUMN concurrency json, ADD COLUMN rate_limit json;

-- What a run of a limited flow has to get before it starts, in this order: each gate is a lock. Kept for
-- as long as the execution: gates that are there were opened when it was born, and are not opened again.
CREATE TABLE start_gate (
  workspace_id uuid NOT NULL,
  execution_id uuid NOT NULL,
  ordinal smallint NOT NULL,
  key text NOT NULL,                 -- 'concurrency:<flow id>' or 'rate:<flow id>', with ':<value>' of its key
  capacity integer NOT NULL CHECK (capacity > 0),
  PRIMARY KEY (workspace_id, execution_id, ordinal)
);

-- A place that is held for a time, whatever becomes of its holder: one start within a period.
ALTER TABLE lock_holder ADD COLUMN expires_at timestamptz;

-- Live executions that may run for a limited time, and when to look at them next.
CREATE TABLE runtime_limit (
  workspace_id uuid NOT NULL,
  execution_id uuid NOT NULL,
  seconds integer NOT NULL CHECK (seconds > 0),
  check_at timestamptz NOT NULL,
  is_over boolean NOT NULL DEFAULT false, -- ended; what it has started is still to be cancelled
  PRIMARY KEY (workspace_id, execution_id)
);
CREATE INDEX runtime_limit_check ON runtime_limit (check_at);
