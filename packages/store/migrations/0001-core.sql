-- The durable core. Every table starts with workspace_id and nothing joins across workspaces.
-- Ids are UUIDv7 and made by the caller; times are Postgres's own, through clock().

-- The one clock that judges leases and timers. Tests move it with
-- ALTER DATABASE … SET millrace.clock_offset = '1 hour' or SET in a session.
CREATE FUNCTION clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
  SELECT clock_timestamp() + coalesce(nullif(current_setting('millrace.clock_offset', true), ''), '0')::interval
$$;

-- ── who is here ──────────────────────────────────────────────────────────────────────────────

CREATE TABLE workspace (
  id uuid PRIMARY KEY,
  name text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT clock()
);

-- One row per running service process; engines and connectors hold executions under it.
CREATE TABLE process_lease (
  process_id uuid PRIMARY KEY,
  service text NOT NULL,
  address text,                      -- host:port of its internal gRPC server
  started_at timestamptz NOT NULL DEFAULT clock(),
  expires_at timestamptz NOT NULL
);

-- A fixed number of shards per service; the term fences a former holder.
CREATE TABLE shard_lease (
  service text NOT NULL,
  shard smallint NOT NULL,
  process_id uuid,
  term bigint NOT NULL DEFAULT 0,
  expires_at timestamptz NOT NULL DEFAULT '-infinity',
  PRIMARY KEY (service, shard)
);

-- ── what can be run ──────────────────────────────────────────────────────────────────────────

CREATE TABLE script (
  workspace_id uuid NOT NULL,
  hash bytea NOT NULL,               -- sha256 of language, a NUL byte and the source
  language text NOT NULL CHECK (language IN ('typescript', 'python')),
  source text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (workspace_id, hash)
);

CREATE TABLE project (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
  description text,
  created_at timestamptz NOT NULL DEFAULT clock(),
  created_by uuid,
  modified_at timestamptz NOT NULL DEFAULT clock(),
  modified_by uuid,
  deleted_at timestamptz,
  deleted_by uuid,
  PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX project_name ON project (workspace_id, name) WHERE deleted_at IS NULL;

CREATE TABLE flow (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
  description text,
  project_id uuid,
  script_hash bytea NOT NULL,
  input_schema json,
  output_schema json,
  max_runtime_seconds integer,
  created_at timestamptz NOT NULL DEFAULT clock(),
  created_by uuid,
  modified_at timestamptz NOT NULL DEFAULT clock(),
  modified_by uuid,
  deleted_at timestamptz,
  deleted_by uuid,
  PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX flow_name ON flow (workspace_id, name) WHERE deleted_at IS NULL;

CREATE TABLE setting (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
  description text,
  project_id uuid,
  value json,
  created_at timestamptz NOT NULL DEFAULT clock(),
  created_by uuid,
  modified_at timestamptz NOT NULL DEFAULT clock(),
  modified_by uuid,
  deleted_at timestamptz,
  deleted_by uuid,
  PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX setting_name ON setting (workspace_id, name) WHERE deleted_at IS NULL;

CREATE TABLE connector (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
  description text,
  project_id uuid,
  connector_type text NOT NULL,
  value json NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock(),
  created_by uuid,
  modified_at timestamptz NOT NULL DEFAULT clock(),
  modified_by uuid,
  deleted_at timestamptz,
  deleted_by uuid,
  PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX connector_name ON connector (workspace_id, name) WHERE deleted_at IS NULL;

-- ── executions ───────────────────────────────────────────────────────────────────────────────

-- Values above 32 KiB, stored once per workspace by content.
CREATE TABLE payload (
  workspace_id uuid NOT NULL,
  hash bytea NOT NULL,               -- sha256 of the JSON text
  size integer NOT NULL,             -- bytes of the JSON text
  body text NOT NULL,                -- the JSON text
  created_at timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (workspace_id, hash)
);

-- fillfactor: every row is updated soon after it is born, and should stay on its page.
CREATE TABLE execution (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  type text NOT NULL,
  status text NOT NULL,
  beneath text,                      -- the status under PAUSED
  version integer NOT NULL DEFAULT 1,      -- moves; guards every update
  epoch integer NOT NULL DEFAULT 0,        -- claims; fences engines and connectors
  generation integer NOT NULL DEFAULT 1,   -- reverts; 1 until the first
  recoveries smallint NOT NULL DEFAULT 0,  -- leases lost since it last made progress
  answered integer NOT NULL DEFAULT 0,     -- answers given in this generation
  process_id uuid,                   -- who holds it, or keeps it warm
  watched boolean NOT NULL DEFAULT false,  -- somebody other than its parent may wait for its end
  orphan boolean NOT NULL DEFAULT false,
  is_productive boolean NOT NULL DEFAULT true,
  priority smallint NOT NULL DEFAULT 0,
  lineno integer,
  last_command text,
  flow_id uuid,
  connector_id uuid,
  connector_type text,
  script_hash bytea,
  project_id uuid,
  parent_execution_id uuid,
  top_execution_id uuid NOT NULL,
  created_by uuid,
  name text,
  message text,
  input json,                        -- null when input_hash is set
  input_hash bytea,
  output json,                       -- null when output_hash is set
  output_hash bytea,
  created_at timestamptz NOT NULL DEFAULT clock(),
  started_at timestamptz,
  moved_at timestamptz NOT NULL DEFAULT clock(),  -- the last move
  scheduled_for timestamptz,
  ended_at timestamptz,
  traceparent text,                  -- W3C trace context of what created it
  extra json,                        -- rarely set properties: description, metadata, tags, …
  PRIMARY KEY (workspace_id, id),
  -- Printed by packages/execution/src/checks.ts, whose test compares them; the first three are domains now.
  CONSTRAINT execution_type_known CHECK (type IN ('FLOW', 'SCRIPT', 'CONNECTION', 'SCHEDULE', 'WRAPPER')),
  CONSTRAINT execution_status_known CHECK (status IN ('SCHEDULED', 'WAITING_DEPENDENCY', 'WAITING_LOCK', 'WAITING_RESPONSE', 'WAITING_ENGINE', 'AT_ENGINE', 'PAUSED', 'LOST', 'ENDED_SUCCESS', 'ENDED_ERROR', 'ENDED_CANCELLED')),
  CONSTRAINT execution_beneath_known CHECK (beneath IN ('SCHEDULED', 'WAITING_DEPENDENCY', 'WAITING_LOCK', 'WAITING_RESPONSE', 'WAITING_ENGINE')),
  CONSTRAINT execution_beneath_while_paused CHECK ((beneath IS NOT NULL) = (status = 'PAUSED')),
  CONSTRAINT execution_ended_at_when_ended CHECK ((ended_at IS NOT NULL) = (status LIKE 'ENDED_%')),
  CONSTRAINT execution_held_by_a_process CHECK (status <> 'AT_ENGINE' OR process_id IS NOT NULL)
) WITH (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_limit = 1000);

-- What has not ended: the sweeps and the list of what is running walk it.
CREATE INDEX execution_live ON execution (workspace_id, id) WHERE ended_at IS NULL;
CREATE INDEX execution_parent ON execution (workspace_id, parent_execution_id, id)
  WHERE parent_execution_id IS NOT NULL;
CREATE INDEX execution_flow ON execution (workspace_id, flow_id, id) WHERE flow_id IS NOT NULL;

-- Waits that are open. An answer deletes the row: that is what makes it the only one.
CREATE TABLE wait (
  workspace_id uuid NOT NULL,
  execution_id uuid NOT NULL,
  generation integer NOT NULL,
  seq integer NOT NULL,              -- the command that waits; 0 is the start itself
  kind text NOT NULL CHECK (kind IN ('START', 'TIMER', 'DEPENDENCY', 'LOCK', 'RESPONSE', 'CONTROL')),
  return_when text,                  -- DEPENDENCY: ALL_ENDED ALL_SUCCEEDED FIRST_ENDED FIRST_SUCCEEDED N_ENDED N_SUCCEEDED
  needed integer,                    -- DEPENDENCY: n of N_ENDED and N_SUCCEEDED
  ref uuid,                          -- DEPENDENCY: the execution, when it is one
  subject text,                      -- LOCK: the lock's key; CONTROL: the action
  due_at timestamptz,                -- a timer's time, or the timeout
  since timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (workspace_id, execution_id, seq)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_limit = 1000);
CREATE INDEX wait_ref ON wait (workspace_id, ref) WHERE ref IS NOT NULL;
CREATE INDEX wait_due ON wait (due_at) WHERE due_at IS NOT NULL;

-- The executions of a DEPENDENCY wait over several.
CREATE TABLE wait_member (
  workspace_id uuid NOT NULL,
  member_id uuid NOT NULL,
  execution_id uuid NOT NULL,        -- who waits
  seq integer NOT NULL,
  ordinal integer NOT NULL,          -- place in the caller's list
  PRIMARY KEY (workspace_id, execution_id, seq, member_id)
);
CREATE INDEX wait_member_member ON wait_member (workspace_id, member_id);

-- History, append-only: what the code did, one row per committed activation …
CREATE TABLE savepoint (
  workspace_id uuid NOT NULL,
  execution_id uuid NOT NULL,
  generation integer NOT NULL,
  first_seq integer NOT NULL,
  last_seq integer NOT NULL,
  format smallint NOT NULL DEFAULT 1,
  entries json NOT NULL,             -- HistoryEntry[] of packages/replay
  created_at timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (workspace_id, execution_id, generation, first_seq)
) PARTITION BY RANGE (execution_id);

-- … and the answers that reached it, in the order in which they count.
CREATE TABLE answer (
  workspace_id uuid NOT NULL,
  execution_id uuid NOT NULL,
  generation integer NOT NULL,
  position integer NOT NULL,         -- 1, 2, 3 … without a hole, given under the execution's row lock
  seq integer NOT NULL,              -- the command that it answers
  outcome json NOT NULL,             -- Outcome of packages/replay
  created_at timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (workspace_id, execution_id, generation, position)
) PARTITION BY RANGE (execution_id);

CREATE TABLE log (
  workspace_id uuid NOT NULL,
  execution_id uuid NOT NULL,
  generation integer NOT NULL,
  first_seq integer NOT NULL,
  lines json NOT NULL,               -- LogLine[] of packages/replay
  created_at timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (workspace_id, execution_id, generation, first_seq)
) PARTITION BY RANGE (execution_id);

CREATE TABLE savepoint_rest PARTITION OF savepoint DEFAULT;
CREATE TABLE answer_rest PARTITION OF answer DEFAULT;
CREATE TABLE log_rest PARTITION OF log DEFAULT;

-- ── locks ────────────────────────────────────────────────────────────────────────────────────

-- key: 'setting:<setting id>' or 'semaphore:<name>'.
CREATE TABLE lock (
  workspace_id uuid NOT NULL,
  key text NOT NULL,
  capacity integer NOT NULL DEFAULT 1 CHECK (capacity > 0),
  last_ticket bigint NOT NULL DEFAULT 0,   -- tickets are given under this row's lock: FIFO is their order
  last_token bigint NOT NULL DEFAULT 0,    -- fencing tokens rise with every grant
  PRIMARY KEY (workspace_id, key)
);

-- What executions ask of locks. The engine inserts, the lock-manager orders, answers and deletes.
CREATE TABLE lock_request (
  workspace_id uuid NOT NULL,
  key text NOT NULL,
  execution_id uuid NOT NULL,
  generation integer NOT NULL,
  seq integer NOT NULL,
  action text NOT NULL CHECK (action IN ('acquire', 'release')),
  capacity integer NOT NULL DEFAULT 1,
  ticket bigint,                     -- null until the lock-manager has seen it
  requested_at timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (workspace_id, key, execution_id, seq)
);

CREATE TABLE lock_holder (
  workspace_id uuid NOT NULL,
  key text NOT NULL,
  execution_id uuid NOT NULL,
  token bigint NOT NULL,
  depth integer NOT NULL DEFAULT 1,  -- re-entrance: acquires that are not released yet
  held_since timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (workspace_id, key, execution_id)
);
CREATE INDEX lock_holder_execution ON lock_holder (workspace_id, execution_id);

-- ── connections ──────────────────────────────────────────────────────────────────────────────

-- One row per attempt, written before anything leaves. Not ended and its process gone: it may have left.
CREATE TABLE connection_attempt (
  workspace_id uuid NOT NULL,
  execution_id uuid NOT NULL,
  attempt integer NOT NULL,
  epoch integer NOT NULL,
  process_id uuid NOT NULL,
  repeat_class text NOT NULL CHECK (repeat_class IN ('safe', 'idem', 'keyed', 'never')),
  started_at timestamptz NOT NULL DEFAULT clock(),
  ended_at timestamptz,
  outcome text CHECK (outcome IN ('none', 'known', 'unknown')),
  details json,
  PRIMARY KEY (workspace_id, execution_id, attempt)
);

-- ── people ───────────────────────────────────────────────────────────────────────────────────

CREATE TABLE "user" (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
  password_hash text NOT NULL,
  is_admin boolean NOT NULL DEFAULT false, -- may create workspaces and force locks free
  created_at timestamptz NOT NULL DEFAULT clock(),
  deleted_at timestamptz,
  PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX user_name ON "user" (name) WHERE deleted_at IS NULL; -- a login names no workspace

CREATE TABLE session (
  workspace_id uuid NOT NULL,
  token_hash bytea PRIMARY KEY,
  user_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock(),
  expires_at timestamptz NOT NULL
);

CREATE TABLE api_key (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
  user_id uuid NOT NULL,
  key_hash bytea NOT NULL UNIQUE,
  prefix text NOT NULL,              -- what may be shown of it
  created_at timestamptz NOT NULL DEFAULT clock(),
  expires_at timestamptz,
  deleted_at timestamptz,
  PRIMARY KEY (workspace_id, id)
);

-- The first answer to a POST with an Idempotency-Key; kept 24 hours.
CREATE TABLE idempotency_key (
  workspace_id uuid NOT NULL,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  request_hash bytea NOT NULL,
  status integer,                    -- null while the first request is under way
  answer json,
  created_at timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (workspace_id, key)
);

CREATE TABLE audit (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT clock(),
  actor_id uuid,
  action text NOT NULL,
  subject text NOT NULL,
  details json,
  PRIMARY KEY (workspace_id, id)
);
